import { isDefaultDomain } from "../onnx/opset.ts";
import type { NodeProto } from "../onnx/proto/onnx_pb.ts";
import { MIXES } from "../operators/mixes.ts";
import type { LayerPlan, QuantizationPlan } from "./plan.ts";

/** Of what is joined, each operand is a part for itself: with fewer steps it would be left with less than 20 dB. */
const JOINED_STEPS = 5;
/** What does not reach half a step is rounded to zero throughout. */
const LEAST_STEPS = 0.5;

/** A tensor, or a constant, that a scale is too coarse for. */
export interface Coarse {
  /** The group whose scale it is. */
  readonly group: string;
  /** What is lost: an operand of the layer that makes the group, or a tensor of it. */
  readonly lost: string;
  /** Its largest magnitude. */
  readonly reach: number;
  readonly scale: number;
}

/**
 * What the scales of a plan are too coarse for: operands of a Concat that reach fewer than 5 steps of the result's scale, and what does not
 * reach half a step, of operands that are added up and of tensors that move or hold part of what their group is scaled for. `reachOf`
 * gives the largest magnitude of a tensor or constant, null where nothing is known of it, and `scaleOf` the scale of a group, null
 * where it is not to be judged or surely not above a value. The worst of each group, in graph order.
 */
export function coarseOf(
  plan: QuantizationPlan,
  reachOf: (name: string) => number | null,
  scaleOf: (group: string, above: number) => number | null,
): Coarse[] {
  const { layers, groups } = plan;
  const followers = new Set(layers.flatMap(({ node, follower }) => (follower ? [node] : [])));
  const makers = new Map<string, LayerPlan[]>();
  for (const layer of layers) {
    const { node, reason, follower } = layer;
    if (reason !== null || follower !== null || !isDefaultDomain(node.domain) || !MIXES.has(node.opType)) continue;
    const group = plan.groupOf.get(endOf(layer, followers, plan));
    if (group !== undefined) makers.set(group, [...(makers.get(group) ?? []), layer]);
  }
  return groups.flatMap(({ id, members }) => {
    const operands = (makers.get(id) ?? []).flatMap((maker) => {
      const steps = maker.node.opType === "Concat" ? JOINED_STEPS : LEAST_STEPS;
      return operandsOf(maker, plan.index).map((name) => ({ name, steps }));
    });
    const candidates = [...members.map((name) => ({ name, steps: LEAST_STEPS })), ...operands];
    let worst: { readonly lost: string; readonly reach: number; readonly least: number } | null = null;
    for (const { name, steps } of candidates) {
      const reach = reachOf(name) ?? 0;
      const least = reach / steps;
      if (reach > 0 && least < (worst?.least ?? Infinity)) worst = { lost: name, reach, least };
    }
    const scale = worst && scaleOf(id, worst.least);
    if (!worst || scale === null || !(worst.least < scale)) return [];
    return [{ group: id, lost: worst.lost, reach: worst.reach, scale }];
  });
}

/** A constant that is added is a bias, and within what rounding loses anyway. */
function operandsOf({ node }: LayerPlan, index: QuantizationPlan["index"]): string[] {
  const operands = node.input.slice(node.opType === "Where" ? 1 : 0).filter(Boolean);
  return node.opType === "Concat" ? operands : operands.filter((name) => !index.initializer(name));
}

/** The tensor that is rounded in the place of a layer's result: that of the followers which take it over. */
function endOf({ node }: LayerPlan, followers: ReadonlySet<NodeProto>, { index, groupOf }: QuantizationPlan): string {
  let end = node.output[0] ?? "";
  while (!groupOf.has(end)) {
    const next = index.uses(end).find((use) => followers.has(use.node))?.node.output[0];
    if (next === undefined) break;
    end = next;
  }
  return end;
}
