import { floatOf, intOf } from "../onnx/attributes.ts";
import type { GraphIndex } from "../onnx/graph.ts";
import { isDefaultDomain } from "../onnx/opset.ts";
import type { NodeProto } from "../onnx/proto/onnx_pb.ts";
import { operatorOf } from "../operators/index.ts";
import type { Target } from "../targets/target.ts";
import type { Candidate } from "./candidates.ts";
import type { Settled } from "./settle.ts";
import type { WeightUse } from "./weightUse.ts";

/**
 * How a layer whose activations get their scales as it runs is computed: multiplied in integers, or in float with its weight stored
 * in integers, where the target has no kernel for it or a slow one.
 */
export type RunTimeKernel = "integer" | "stored";

export function runTimeKernel(
  node: NodeProto,
  use: WeightUse,
  index: GraphIndex,
  { multipliesAtRunTime }: Target,
): RunTimeKernel {
  if (use.input !== 1 || !multipliesAtRunTime.has(node.opType)) return "stored";
  if (node.opType !== "Conv" && isProduct(node.input[0] ?? "", index)) return "stored";
  const isGrouped = (intOf(node, "group") ?? 1) > 1;
  const isPlain = (floatOf(node, "alpha") ?? 1) === 1 && (floatOf(node, "beta") ?? 1) === 1 && !intOf(node, "transA");
  const isMatrix = node.opType === "Conv" || use.axis !== null;
  return !isGrouped && isPlain && isMatrix ? "integer" : "stored";
}

/**
 * Whether a tensor is the product of two activations of which neither is bounded, as the gated linear unit of a transformer is: a few
 * values are many times as large as the others, which one scale for all leaves 10 dB less of than of what a normalization gives.
 */
function isProduct(tensor: string, index: GraphIndex): boolean {
  const maker = index.producer(tensor);
  if (maker?.opType !== "Mul" || !isDefaultDomain(maker.domain)) return false;
  return maker.input.every((name) => {
    const producer = index.producer(name);
    const operator = producer && operatorOf(producer, index);
    return !index.initializer(name) && !operator?.fixed && !operator?.probabilities;
  });
}

/** Settles which candidates are quantized where activations get their scales at run time: those with weights. */
export function settleAtRunTime(candidates: ReadonlyMap<NodeProto, Candidate>): Settled {
  const reasons = [...candidates.values()].map(({ node, weightUse, reason }) => {
    return [node, reason ?? (weightUse ? null : { code: "without-weights" as const })] as const;
  });
  return { reasons: new Map(reasons), isQuantized: () => false };
}
