import type { LayerPlan, QuantizationPlan } from "./plan.ts";

/**
 * The layers of a plan that are quantized and that its target computes in float all the same, between a DequantizeLinear and a
 * QuantizeLinear, by name: for want of an integer kernel, or as their weights or activations are none that these take, or not in that order.
 * With them those that have nothing in 8 bits but weights in the file, inside others too.
 */
export function floatKernels(plan: QuantizationPlan): string[] {
  const inFloat = new Set<LayerPlan["node"]>();
  const atRunTime = new Set(plan.stored.flatMap(({ layer, runTime }) => (runTime === "integer" ? [layer.id] : [])));
  for (const layer of plan.layers) {
    if (layer.reason === null && !atRunTime.has(layer.id) && isFloat(layer, plan, inFloat)) inFloat.add(layer.node);
  }
  const stored = plan.stored.filter(({ layer }) => layer.reason?.code === "stored");
  const own = new Set(stored.flatMap(({ layer, inside }) => (inside === null ? [layer.id] : [])));
  return [
    ...plan.layers.flatMap(({ id, node }) => (inFloat.has(node) || own.has(id) ? [id] : [])),
    ...stored.flatMap(({ layer, inside }) => (inside === null ? [] : [layer.id])),
  ];
}

function isFloat(
  layer: LayerPlan,
  { index, target, groups }: QuantizationPlan,
  inFloat: ReadonlySet<LayerPlan["node"]>,
) {
  const { node, descriptor, operator, weightUse, follower, precision } = layer;
  if (groups.length === 0) return layer.runTime !== "integer";
  const isNone = target.integerKernels.size === 0 || (layer.wide && target.isHere);
  if (isNone && descriptor?.kind !== "move") return true;
  if (follower?.kind === "sum") return inFloat.has(index.producer(follower.taken) ?? node);
  if (follower) return node.input.some((name) => inFloat.has(index.producer(name) ?? node));
  if (descriptor?.kind === "move") return target.movesInFloat.has(operator);
  if (descriptor?.kind === "activation") return false;
  if (weightUse && !(target.multiplies as readonly string[]).includes(precision)) return true;
  if (weightUse?.input === 0 && !target.multipliesFirst) return true;
  return !target.integerKernels.has(operator);
}
