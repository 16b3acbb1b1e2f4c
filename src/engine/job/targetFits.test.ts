import { expect, it } from "vitest";
import { TARGET_NAMES } from "../model/target.ts";
import { makeNode } from "../onnx/attributes.ts";
import { concat, encodeModel } from "../onnx/encode.ts";
import { buildModel, floatInput, noise } from "../onnx/testing/build.ts";
import { nodeRuntime } from "../runtime/node.ts";
import { inspectModel } from "./inspect.ts";
import { context } from "./testing/settledCase.ts";

const node = (op: string, inputs: readonly string[], output: string) =>
  makeNode(op, inputs, [output], { name: output });

const model = buildModel({
  opset: 17,
  inputs: [floatInput("x", [1, 4, 6, 6])],
  outputs: ["out"],
  nodes: [
    ...[node("Conv", ["x", "w"], "c"), node("Shape", ["c"], "s"), node("Reshape", ["c", "s"], "r")],
    ...[node("Softmax", ["r"], "p"), node("Hardmax", ["p"], "h"), node("Conv", ["h", "w"], "out")],
  ],
  constants: { w: noise([4, 4, 1, 1], 2) },
});

async function fatesOf() {
  const source = { bytes: concat(encodeModel(model)), fileName: "m.onnx", readBeside: async () => null };
  const inputs = { shapes: {}, values: {}, state: {} };
  const { targets } = await inspectModel(source, inputs, nodeRuntime(), context);
  return new Map(
    targets().map(({ target, layers, operators }) => [
      target,
      { byLayer: Object.fromEntries(layers.map(({ layer, fate }) => [layer, fate])), layers, operators },
    ]),
  );
}

it("tells for every target what becomes of each layer, and why it is not in integers", async () => {
  const fits = await fatesOf();
  expect([...fits.keys()]).toEqual([...TARGET_NAMES]);
  expect(fits.get("ort-cpu")!.byLayer).toEqual({
    ...{ c: "integer", r: "integer", p: "integer", h: "float", out: "integer" },
  });
  expect(fits.get("tensorrt")!.byLayer).toMatchObject({ c: "integer", p: "float", h: "float", out: "integer" });
  expect(fits.get("ort-webgpu")!.byLayer).toMatchObject({ c: "float", p: "float", h: "falls back" });
  expect(fits.get("qnn")!.byLayer).toMatchObject({ c: "integer", p: "integer", h: "falls back" });
  expect(fits.get("vitis-npu")!.byLayer).toMatchObject({ c: "integer", r: "falls back", p: "falls back" });
  expect(fits.get("integer-only")!.byLayer).toMatchObject({ c: "integer", h: "not accepted", out: "integer" });
  for (const { layers } of fits.values()) {
    for (const { fate, why } of layers) expect(why === null).toBe(fate === "integer");
  }
  const why = (target: string, layer: string) =>
    fits.get(target as "qnn")!.layers.find((each) => each.layer === layer)!.why;
  expect(why("tensorrt", "p")).toBe("TensorRT has no integer kernel for Softmax");
  expect(why("ort-webgpu", "h")).toBe("ONNX Runtime Web on WebGPU has no kernel for Hardmax");
  expect(fits.get("ort-cpu")!.operators).toContainEqual({ operator: "Conv", fates: { integer: 2 } });
});
