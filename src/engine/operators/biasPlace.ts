import type { GraphIndex } from "../onnx/graph.ts";
import type { NodeProto } from "../onnx/proto/onnx_pb.ts";
import { dataTypeOf } from "../onnx/tensor.ts";
import { operatorOf, weightedOf } from "./index.ts";

/** Where the bias of a layer is: the node that adds it and its input there. The input is empty where a bias can be added. */
export interface BiasPlace {
  readonly node: NodeProto;
  readonly input: number;
}

/** Where a layer with weights adds one constant an output channel; null where it has no such place. */
export function biasPlace(node: NodeProto, index: GraphIndex): BiasPlace | null {
  const bias = weightedOf(node, index)?.bias;
  if (bias === undefined) return null;
  if (bias === "own") {
    const name = node.input[2];
    return !name || isVector(name, index) ? { node, input: 2 } : null;
  }
  const result = node.output[0] ?? "";
  const [use, ...others] = index.uses(result);
  if (!use || index.isOutput(result) || !operatorOf(use.node, index)?.adds || others.length > 0) return null;
  const input = 1 - use.input;
  return isVector(use.node.input[input] ?? "", index) ? { node: use.node, input } : null;
}

function isVector(name: string, index: GraphIndex): boolean {
  const constant = index.initializer(name);
  return constant !== undefined && constant.dims.length === 1 && dataTypeOf(constant.dataType) === "float32";
}
