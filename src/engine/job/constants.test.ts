import { expect, test } from "vitest";
import { InputError } from "../model/job.ts";
import { makeNode } from "../onnx/attributes.ts";
import { concat, encodeModel } from "../onnx/encode.ts";
import { vector } from "../onnx/tensor.ts";
import { buildModel, floatInput, noise } from "../onnx/testing/build.ts";
import { nodeRuntime } from "../runtime/node.ts";
import { openModel } from "./open.ts";
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
