import type { GraphIndex } from "../onnx/graph.ts";
import type { NodeProto, TensorProto } from "../onnx/proto/onnx_pb.ts";
import { dataTypeOf, dimsOf, tensorOf } from "../onnx/tensor.ts";
import { weightedOf } from "./index.ts";
import type { ChannelJoins } from "./operator.ts";

/** Which channels the constant float weights of a layer join; null for any other node. */
export function joinsOf(node: NodeProto, index: GraphIndex): ChannelJoins | null {
  const weight = index.initializer(node.input[1] ?? "");
  if (!weight || dataTypeOf(weight.dataType) !== "float32") return null;
  return weightedOf(node, index)?.joins?.(node, dimsOf(weight)) ?? null;
}

/** The weights that `joinsOf` tells of. */
export function weightOf(node: NodeProto, index: GraphIndex): Float32Array {
  return tensorOf(index.initializer(node.input[1] ?? "") as TensorProto).data as Float32Array;
}
