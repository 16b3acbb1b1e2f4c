import type { NodeProto } from "../onnx/proto/onnx_pb.ts";
import { isWide } from "../values/codes.ts";
import { readByFollower } from "./followers.ts";
import type { LayerPlan, QuantizationPlan } from "./plan.ts";

/** A layer, and the followers that work on its result before it is rounded. */
export interface Chain {
  readonly layers: readonly LayerPlan[];
  /** What is made at the end: rounded, or float. */
  readonly end: string;
}

export type LayersByNode = ReadonlyMap<NodeProto, LayerPlan>;

export function layersByNode({ layers }: QuantizationPlan): LayersByNode {
  return new Map(layers.map((layer) => [layer.node, layer]));
}

export function chainOf(layer: LayerPlan, { index, groupOf }: QuantizationPlan, byNode: LayersByNode): Chain {
  const layers = [layer];
  for (;;) {
    const end = layers.at(-1)!.node.output[0] ?? "";
    const [use, ...others] = index.uses(end);
    const next = use && others.length === 0 ? byNode.get(use.node) : undefined;
    if (groupOf.has(end) || !next?.follower) return { layers, end };
    layers.push(next);
  }
}

/**
 * Whether what a clamp reads that saturating does not do is rounded too, by the clamp's own scale, which changes no value: ONNX Runtime makes
 * one float layer of a layer and its clamp otherwise, and has no integer kernel for it. Recipes of before have it so.
 */
export function isRoundedBefore(clamp: LayerPlan, plan: QuantizationPlan, byNode: LayersByNode): boolean {
  const { target, keepsCopies, index, written } = plan;
  if (
    !target.roundsBeforeClamps ||
    keepsCopies ||
    clamp.wide ||
    (written?.activations && isWide(written.activations.type))
  ) {
    return false;
  }
  if (clamp.reason !== null || clamp.follower?.kind !== "clamp") return false;
  const before = (layer: LayerPlan) => {
    const producer = index.producer(readByFollower(layer, index));
    return producer && byNode.get(producer);
  };
  const read = before(clamp);
  const lead = read?.follower?.kind === "bias" ? before(read) : read;
  if (!lead || lead.follower || !target.integerKernels.has(lead.operator)) return false;
  return lead.weight === null || lead.precision === "int8";
}
