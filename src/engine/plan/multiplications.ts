import { intsOf } from "../onnx/attributes.ts";
import type { NodeProto } from "../onnx/proto/onnx_pb.ts";
import { dimsOf } from "../onnx/tensor.ts";
import { joinsOf } from "../operators/joins.ts";
import { elementCount } from "../values/dims.ts";
import type { QuantizationPlan } from "./plan.ts";

/**
 * Multiplications by weights of the layers that a plan quantizes, by layer in the order of the graph: a weight's values over its
 * output channels for each value of the result. `sizeOf` gives how many values a tensor has, 0 of one that is not known: a result is
 * then as large as what the layer reads makes it, strides counted in and edges not.
 */
export function multiplications(
  { layers, index }: QuantizationPlan,
  sizeOf: (tensor: string) => number,
): Map<string, number> {
  const counts = new Map<string, number>();
  const madeOf = (node: NodeProto): number => {
    const joins = joinsOf(node, index);
    const strides = intsOf(node, "strides") ?? [];
    return joins ? (sizeOf(node.input[0] ?? "") / joins.inputs / elementCount(strides)) * joins.outputs : 0;
  };
  for (const { id, node, weightUse, reason } of layers) {
    const weight = weightUse && index.initializer(weightUse.name);
    if (reason !== null || !weight || !weightUse) continue;
    const dims = dimsOf(weight);
    const channels = weightUse.axis === null ? (dims[0] ?? 1) : (dims[weightUse.axis] ?? 1);
    counts.set(id, ((sizeOf(node.output[0] ?? "") || madeOf(node)) * elementCount(dims)) / Math.max(1, channels));
  }
  return counts;
}
