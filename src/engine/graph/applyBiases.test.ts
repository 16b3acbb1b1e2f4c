import { expect, test } from "vitest";
import { makeNode } from "../onnx/attributes.ts";
import { buildModel, floatInput, noise } from "../onnx/testing/build.ts";
import { applyBiases } from "./applyBiases.ts";
import { run } from "./testing/native.ts";

const x = noise([4, 6], 3);
const feeds = new Map([["x", x]]);

function added(channels: number, bias: readonly number[], outputs = ["y"]) {
  return buildModel({
    opset: 13,
    inputs: [floatInput("x", [4, 6])],
    outputs,
    nodes: [makeNode("MatMul", ["x", "w"], ["p"], { name: "layer" }), makeNode("Add", ["p", "b"], ["y"])],
    constants: {
      w: noise([6, channels], 5),
      b: { type: "float32", dims: [bias.length], data: Float32Array.from(bias) },
    },
  });
}

test.each([
  ["as many as channels", 3, [1, 2, 3], [0.5, -1, 4]],
  ["one for all channels", 3, [1], [0.5, -1, 4]],
  ["more than the one channel", 1, [1, 2, 3], [0.5]],
] as const)("numbers are added to each channel where the bias has %s", async (_, channels, bias, values) => {
  const model = added(channels, bias);
  const before = (await run(model, feeds)).get("y")!;
  const after = (await run(applyBiases(model, { layer: [...values] }), feeds)).get("y")!;
  const columns = Math.max(channels, bias.length);
  const expected = (before.data as Float32Array).map((value, at) => value + values[(at % columns) % values.length]!);
  expect(after.dims).toEqual(before.dims);
  for (const [at, value] of (after.data as Float32Array).entries()) expect(value).toBeCloseTo(expected[at]!, 5);
});

test("nothing is added behind a product that is an output itself", () => {
  const model = added(3, [1, 2, 3], ["y", "p"]);
  expect(applyBiases(model, { layer: [1, 1, 1] }).graph!.initializer).toEqual(model.graph!.initializer);
});
