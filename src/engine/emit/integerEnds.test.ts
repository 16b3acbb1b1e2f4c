import { describe, expect, it } from "vitest";
import { run } from "../graph/testing/native.ts";
import type { Tensor } from "../model/tensor.ts";
import { PLAIN_RECIPE } from "../model/testing/recipe.ts";
import { dequantize, quantize } from "../numerics/quantize.ts";
import { intsAttribute, makeNode } from "../onnx/attributes.ts";
import { encodeModel } from "../onnx/encode.ts";
import { inputPorts, outputPorts } from "../onnx/ports.ts";
import type { NodeProto } from "../onnx/proto/onnx_pb.ts";
import { buildModel, floatInput, noise } from "../onnx/testing/build.ts";
import { assertValid } from "../onnx/testing/checker.ts";
import { withTarget } from "../recipe/edits.ts";
import { withFloatEnds } from "./floatEnds.ts";
import { withIntegerEnds } from "./integerEnds.ts";
import { noiseFeeds, tryOut } from "./testing/trial.ts";

const node = (op: string, inputs: readonly string[], output: string) =>
  makeNode(op, inputs, [output], { name: output });
const transpose = (input: string, output: string) =>
  makeNode("Transpose", [input], [output], { name: output, attributes: [intsAttribute("perm", [0, 1, 3, 2])] });

function model(nodes: readonly NodeProto[], outputs: readonly string[]) {
  return buildModel({
    opset: 17,
    inputs: [floatInput("x", [1, 4, 5, 5])],
    outputs,
    nodes,
    constants: { w: noise([4, 4, 1, 1], 2), b: noise([4], 3) },
  });
}

const conv = (input: string, output: string) => node("Conv", [input, "w", "b"], output);

describe("a model with int8 ends gives the codes that the pairs give", () => {
  it.each<[string, readonly NodeProto[], readonly string[]]>([
    ["of one layer", [conv("x", "y")], ["y"]],
    ["that moves its input first", [transpose("x", "t"), conv("t", "y")], ["y"]],
    ["whose output a layer reads too", [conv("x", "y"), node("Relu", ["y"], "r"), conv("r", "z")], ["y", "z"]],
    ["with an output that is moved of another", [conv("x", "y"), transpose("y", "z")], ["y", "z"]],
    ["that reads its input twice", [conv("x", "c"), node("Add", ["x", "c"], "y")], ["y"]],
  ])("%s", async (_, nodes, outputs) => {
    const { target, activations, weights, elementwise } = withTarget(PLAIN_RECIPE, "integer-only");
    const trial = await tryOut(model(nodes, outputs), { target: target!, activations, weights, elementwise });
    const { model: written, ends } = withIntegerEnds(trial.model);
    assertValid(encodeModel(written), "written");
    expect(ends.map(({ name, kind }) => `${kind} ${name}`)).toEqual([
      "input x",
      ...outputs.map((name) => `output ${name}`),
    ]);
    expect([...inputPorts(written), ...outputPorts(written)].map(({ type }) => type)).toEqual(ends.map(() => "int8"));
    const again = withFloatEnds(written);
    assertValid(encodeModel(again), "again");
    expect(withFloatEnds(again)).toBe(again);
    const feeds = noiseFeeds(trial.model, 1);
    const before = await run(trial.model, feeds);
    expect(await run(again, feeds)).toEqual(before);
    const [x] = ends;
    const codes = quantize(feeds.get("x")!.data as Float32Array, x!, "int8");
    const after = await run(
      written,
      new Map<string, Tensor>([["x", { type: "int8", dims: [1, 4, 5, 5], data: codes }]]),
    );
    for (const { name, kind, ...affine } of ends) {
      if (kind === "input") continue;
      const given = after.get(name)!;
      expect(given.type).toBe("int8");
      expect(dequantize(given.data as Int8Array, affine)).toEqual(before.get(name)!.data);
    }
  });
});
