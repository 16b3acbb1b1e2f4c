import { expect, test } from "vitest";
import { InputError } from "../model/job.ts";
import { intAttribute, makeNode } from "../onnx/attributes.ts";
import { concat, encodeModel } from "../onnx/encode.ts";
import { vector } from "../onnx/tensor.ts";
import { buildModel, floatInput, noise } from "../onnx/testing/build.ts";
import { nodeRuntime } from "../runtime/node.ts";
import { defaultRecipe, openModel, summarizeModel } from "./open.ts";
import { context } from "./testing/settledCase.ts";

test.each([
  ["a shape below 0", makeNode("ConstantOfShape", ["s"], ["k"])],
  ["a shape of other elements", makeNode("Reshape", ["w", "s"], ["k"])],
])("constants that cannot be computed are told in one sentence: %s", async (_, node) => {
  const model = buildModel({
    opset: 13,
    inputs: [floatInput("x", [1, 4])],
    outputs: ["y"],
    nodes: [
      node,
      makeNode("ReduceMax", ["k"], ["top"]),
      makeNode("MatMul", ["x", "w"], ["m"]),
      makeNode("Add", ["m", "top"], ["y"]),
    ],
    constants: { w: noise([4, 4]), s: vector("int64", [-3, 2]) },
  });
  const source = { bytes: concat(encodeModel(model)), fileName: "net.onnx", readBeside: async () => null };
  const opening = openModel(source, { shapes: {}, values: {} }, nodeRuntime(), context);
  await expect(opening).rejects.toThrow(InputError);
  await expect(opening).rejects.toThrow(/^"net\.onnx" has constant layers that ONNX Runtime does not compute: .+/);
});

test("a weight that BatchNormalization in training standardises is a weight, and no model in training", async () => {
  const model = buildModel({
    opset: 15,
    inputs: [floatInput("x", [1, 3, 6, 6])],
    outputs: ["y"],
    nodes: [
      makeNode("Reshape", ["v", "flat"], ["f"]),
      makeNode("BatchNormalization", ["f", "g", "g", "g", "g"], ["z", "mean", "variance"], {
        attributes: [intAttribute("training_mode", 1)],
      }),
      makeNode("Reshape", ["z", "full"], ["w"]),
      makeNode("Conv", ["x", "w"], ["y"], { name: "conv" }),
    ],
    constants: {
      ...{ v: noise([8, 3, 3, 3]), g: noise([8], 2) },
      ...{ flat: vector("int64", [1, 8, -1]), full: vector("int64", [8, 3, 3, 3]) },
    },
  });
  const source = { bytes: concat(encodeModel(model)), fileName: "net.onnx", readBeside: async () => null };
  const open = await openModel(source, { shapes: {}, values: {} }, nodeRuntime(), context);
  const { layers, generation } = summarizeModel(open, defaultRecipe(open));
  expect(layers.map(({ id, reason }) => [id, reason])).toEqual([["conv", null]]);
  expect(generation).toBe(2);
});
