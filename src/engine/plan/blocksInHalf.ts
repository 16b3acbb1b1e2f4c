import type { NodeProto } from "../onnx/proto/onnx_pb.ts";
import type { planHalves } from "./halfPlan.ts";
import type { OwnOperator } from "./ownOperator.ts";

/** What is asked of a layer that may have its weight in blocks. */
interface Asked {
  readonly id: string;
  readonly node: NodeProto;
  readonly ownOperator: OwnOperator | null;
}

/**
 * A plan of float16 in which layers that become MatMulNBits have their weights in blocks of codes. Where such a layer stays in
 * float32, for what it reads or makes, its weight is in codes all the same.
 */
export function withBlocks<L extends Asked>(halves: ReturnType<typeof planHalves>, weightsAlone: readonly L[]) {
  const { half } = halves;
  const isInBlocks = ({ ownOperator }: L) => ownOperator === "MatMulNBits";
  const inBlocks = new Map(weightsAlone.filter(isInBlocks).map((layer) => [layer.id, layer]));
  const layers = halves.layers.map((layer) => inBlocks.get(layer.id) ?? layer);
  const others = new Set(layers.flatMap(({ id, node }) => (inBlocks.has(id) ? [] : node.input)));
  return { ...halves, layers, half: { ...half, weights: half.weights.filter(({ name }) => others.has(name)) } };
}
