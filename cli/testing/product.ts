import { makeNode } from "../../src/engine/onnx/attributes.ts";
import type { NodeProto } from "../../src/engine/onnx/proto/onnx_pb.ts";
import { buildModel, floatInput, noise } from "../../src/engine/onnx/testing/build.ts";
import { modelBytes, put } from "./colours.ts";

/** A file of x [1, 32] times a matrix, l, and what `last` makes of that: out. */
export function productFile(folder: string, last: NodeProto): string {
  const model = buildModel({
    opset: 17,
    inputs: [floatInput("x", [1, 32])],
    outputs: ["out"],
    nodes: [makeNode("MatMul", ["x", "w"], ["l"], { name: "product" }), last],
    constants: { w: noise([32, 8], 5) },
  });
  return put(folder, "net.onnx", modelBytes(model));
}
