import type { KernelCost, KernelCosts } from "../targets/target.ts";
import type { LayerPlan, QuantizationPlan } from "./plan.ts";

/**
 * What the layers without weights of a plan take, and what rounds and gives float around them, in nanoseconds by the target's
 * table: to compare plans of one model. `sizeOf` gives how many values a tensor has.
 */
export function elementwiseCost(plan: QuantizationPlan, sizeOf: (tensor: string) => number): number {
  const { index, layers, groupOf } = plan;
  const { quantize, dequantize, layer: each } = costsOf(plan);
  const quantized = new Set(layers.filter(({ reason }) => reason === null).map(({ node }) => node));
  const integer = new Set(
    layers.filter((layer) => layer.reason === null && kernelOf(layer, plan)?.integer !== null).map(({ node }) => node),
  );
  let total = 0;
  for (const layer of layers) {
    const kernel = kernelOf(layer, plan);
    if (!kernel) continue;
    const values = Math.max(0, ...[...layer.inputs, ...layer.outputs].map(sizeOf));
    total += values * (integer.has(layer.node) ? (kernel.integer as number) : kernel.float);
  }
  for (const tensor of groupOf.keys()) {
    const producer = index.producer(tensor);
    if (!producer || !integer.has(producer)) total += each + sizeOf(tensor) * quantize;
    const isRounded = producer !== undefined && quantized.has(producer);
    const reads = index.consumers(tensor).filter((node) => !integer.has(node) && (isRounded || quantized.has(node)));
    if (reads.length > 0 || (isRounded && index.isOutput(tensor))) total += each + sizeOf(tensor) * dequantize;
  }
  return total;
}

/** Null for what costs the same in every plan: layers with weights, and those that follow another. */
function kernelOf(layer: LayerPlan, plan: QuantizationPlan): KernelCost | null {
  const { descriptor, operator, weightUse, follower } = layer;
  if (follower || weightUse) return null;
  const { kernels, others, moves } = costsOf(plan);
  return kernels.get(operator) ?? (descriptor?.kind === "move" ? moves : others);
}

function costsOf({ target }: QuantizationPlan): KernelCosts {
  if (!target.costs) throw new Error(`The kernels of ${target.name} were not timed.`);
  return target.costs;
}
