import { addsInFloat } from "./addsInFloat.ts";
import { chainOf, isRoundedBefore, type LayersByNode } from "./chain.ts";
import type { LayerPlan, QuantizationPlan } from "./plan.ts";

/**
 * Whether a layer of int8 activations reads and makes codes of types that ONNX Runtime has no kernel for together. It multiplies uint8
 * quicker and makes that of int8 where one DequantizeLinear alone reads it (qdq_s8_to_u8.cc), each reader having its own: what two layers
 * read stays int8, and so do constants. Convolutions and products then take none of int8, other kernels take what is all of one type
 * (qdq_selectors.cc). Of what is written as operators on codes it changes nothing.
 */
export function mixesCodes(plan: QuantizationPlan, byNode: LayersByNode): (layer: LayerPlan) => boolean {
  const { written, target, groupOf } = plan;
  if (!target.isHere || written?.activations?.type !== "int8") return () => false;
  const isSigned = staysSigned(plan, byNode);
  return (layer) => {
    const { node, operator, descriptor } = layer;
    const { layers, end } = chainOf(layer, plan, byNode);
    const [, follower] = layers;
    const read = operandsOf(layer, plan).map(isSigned);
    if (descriptor?.kind === "move") {
      return new Set([...read, ...node.output.filter((name) => groupOf.has(name)).map(isSigned)]).size > 1;
    }
    const isApart = layers.some((each) => isRoundedBefore(each, plan, byNode)) && written.activations?.symmetric;
    const made = groupOf.has(end) ? [!isApart && isSigned(end)] : [];
    const isGemm = operator === "Gemm" || (follower?.follower?.kind === "bias" && !addsInFloat(follower, plan));
    if (operator === "Conv") return [...read, ...made].includes(true);
    if (operator === "MatMul" && !isGemm) {
      const isRounded = follower?.follower?.kind !== "bias";
      return isSigned(node.input[0] ?? "") || (isRounded && made[0] === true);
    }
    return new Set([...read, ...made]).size > 1;
  };
}

function operandsOf({ node, operator, descriptor, weightUse }: LayerPlan, { groupOf, index }: QuantizationPlan) {
  const isFirst = descriptor?.kind === "move" || (descriptor?.kind === "compute" && descriptor.operands !== "all");
  const [from, to] = [operator === "Where" ? 1 : 0, isFirst ? 1 : descriptor?.kind === "weighted" ? 2 : undefined];
  const isOperand = (name: string) =>
    groupOf.has(name) || (descriptor?.kind === "compute" && index.initializer(name) !== undefined);
  return node.input.slice(from, to).filter((name) => name !== weightUse?.name && isOperand(name));
}

/** Whether the codes of a tensor, or of a constant, stay int8 as ONNX Runtime has them. */
export function staysSigned(
  { index, groupOf, written }: QuantizationPlan,
  byNode: LayersByNode,
): (tensor: string) => boolean {
  if (written?.activations?.type !== "int8") return () => false;
  return (tensor) => {
    if (written.format !== "qdq" || !groupOf.has(tensor)) return true;
    const producer = index.producer(tensor);
    const isMade = producer !== undefined && byNode.get(producer)?.reason === null;
    const readers = index.uses(tensor).filter(({ node }) => isMade || byNode.get(node)?.reason === null);
    return readers.length + (index.isOutput(tensor) ? 1 : 0) > 1;
  };
}
