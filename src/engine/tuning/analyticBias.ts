import { decodedWeight } from "../encode/decoded.ts";
import type { ChannelMoments } from "../graph/normalization.ts";
import type { Recipe } from "../model/recipe.ts";
import { own } from "../model/record.ts";
import { clampedNormalMean } from "../numerics/normal.ts";
import { biasPlace } from "../operators/biasPlace.ts";
import { joinsOf, weightOf } from "../operators/joins.ts";
import type { ChannelJoins } from "../operators/operator.ts";
import type { LayerPlan, QuantizationPlan } from "../plan/plan.ts";
import { plannedWeight } from "../plan/plannedWeight.ts";

/** The mean of each channel of what a layer reads, by the layer's id, where it comes out of a BatchNormalization. */
export function expectedInputs(
  plan: QuantizationPlan,
  moments: ReadonlyMap<string, ChannelMoments>,
  factors: NonNullable<Recipe["factors"]>,
): Map<string, Float64Array> {
  const byNode = new Map(plan.layers.map((layer) => [layer.node, layer]));
  const means = new Map<string, Float64Array>();
  for (const { id, node, weightUse } of plan.layers) {
    if (weightUse?.input !== 1) continue;
    const read = node.input[0] ?? "";
    const producer = plan.index.producer(read);
    const follower = producer && byNode.get(producer)?.follower;
    const made = follower?.kind === "clamp" ? (producer?.input[0] ?? "") : read;
    const { low, high } = follower?.kind === "clamp" ? follower : { low: -Infinity, high: Infinity };
    const known = moments.get(made);
    if (!known) continue;
    const { divide, absorb } = own(factors, made) ?? { divide: [], absorb: [] };
    const mean = known.mean.map((value, channel) => {
      const [factor, shift] = [divide[channel] ?? 1, absorb[channel] ?? 0];
      const deviation = (known.deviation[channel] as number) / factor;
      return clampedNormalMean((value - shift) / factor, deviation, low, high);
    });
    means.set(id, mean);
  }
  return means;
}

/**
 * Analytic bias correction (Nagel 2019, section 4.2): what rounding a layer's weights does to the mean of its output
 * channels, (W - W') E[x], for the layers whose inputs' means are known. The recipe's ranges are resolved.
 */
export function expectedCorrections(
  plan: QuantizationPlan,
  recipe: Recipe,
  means: ReadonlyMap<string, Float64Array>,
): Record<string, number[]> {
  const biases = new Map<string, number[]>();
  for (const layer of plan.layers) {
    const mean = means.get(layer.id);
    const joins = joinsOf(layer.node, plan.index);
    if (!mean || !joins || !biasPlace(layer.node, plan.index)) continue;
    biases.set(layer.id, correction(layer, joins, plan, recipe, mean));
  }
  return Object.fromEntries(biases);
}

function correction(
  layer: LayerPlan,
  joins: ChannelJoins,
  plan: QuantizationPlan,
  recipe: Recipe,
  mean: Float64Array,
): number[] {
  const { node, weightUse } = layer;
  if (!weightUse) return [];
  const weight = weightOf(node, plan.index);
  const rounded = decodedWeight(plannedWeight(layer, weightUse, plan, recipe));
  const sums = new Float64Array(joins.outputs);
  joins.forEachRun((output, input, start, length) => {
    let error = 0;
    for (let i = start; i < start + length; i++) error += (weight[i] as number) - (rounded[i] as number);
    sums[output] = (sums[output] as number) + error * (mean[input] ?? 0);
  });
  return Array.from(sums, Math.fround);
}
