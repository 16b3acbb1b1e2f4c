import type { Recipe } from "../model/recipe.ts";
import { GraphIndex } from "../onnx/graph.ts";
import type { ModelProto } from "../onnx/proto/onnx_pb.ts";
import { smoothingScales } from "../values/smoothing.ts";
import type { ChannelExtremes } from "./equalization.ts";
import { dividePairs, forEachPairWeight, hasTurnedWeight, type NormPair, normPairs } from "./normPairs.ts";
import { graphOf } from "./pass.ts";

type Factors = NonNullable<Recipe["factors"]>;

/** A tensor is smoothed whose largest channel reaches so many times as far as the median one. */
const UNEVEN = 4;

/**
 * Factors that bring outlier channels of such tensors closer to the others: channel c is divided by sqrt(a / w), a its largest magnitude over
 * the samples and w that of the weights that read it (Xiao et al., *SmoothQuant*, ICML 2023, with alpha 1/2). Only tensors whose
 * channels differ have any.
 */
export function smoothingFactors(model: ModelProto, extremes: ReadonlyMap<string, ChannelExtremes>): Factors {
  const index = new GraphIndex(graphOf(model));
  const factors = normPairs(index).flatMap((link): [string, Factors[string]][] => {
    const seen = extremes.get(link.tensor);
    if (seen?.min.length !== link.channels) return [];
    const reach = seen.max.map((high, c) => Math.max(high, -(seen.min[c] as number), 0));
    const divide = smoothingOf(link, reach, index);
    return divide
      ? [[link.tensor, { divide: Array.from(divide, Math.fround), absorb: Array.from(divide, () => 0) }]]
      : [];
  });
  return Object.fromEntries(factors);
}

/** What the channels of a tensor that reach so far are divided by; null where they are even, or reach nowhere. */
export function smoothingOf(link: NormPair, reach: Float64Array, index: GraphIndex): Float64Array | null {
  const weights = new Float64Array(link.channels);
  for (const node of link.readers) {
    forEachPairWeight(node, index, (channel, value) => {
      weights[channel] = Math.max(weights[channel] as number, Math.abs(value));
    });
  }
  const live = [...reach].filter((each) => each > 0).sort((a, b) => a - b);
  const [median = 0, largest = 0] = [live[live.length >> 1], live.at(-1)];
  if (!(largest > 0 && largest >= UNEVEN * median) || !Number.isFinite(largest)) return null;
  return smoothingScales(reach, weights, 1 / 2);
}

/**
 * What the weights that read a tensor lose to 8 bits once their rows are multiplied: noise over signal, the mean over rows, each counting the
 * same, of the reader that loses most. Of scales a column, or one for all.
 */
export function smoothedWeightLoss(
  { channels, readers }: NormPair,
  divide: Float64Array,
  perColumn: boolean,
  index: GraphIndex,
): number {
  const losses = readers.map((node) => {
    const columns = new Map<number, number>();
    const energy = new Float64Array(channels);
    forEachPairWeight(node, index, (channel, value, _, output) => {
      const scaled = Math.abs(value * (divide[channel] as number));
      const column = perColumn ? output : 0;
      columns.set(column, Math.max(columns.get(column) ?? 0, scaled));
      energy[channel] = (energy[channel] as number) + scaled ** 2;
    });
    const width = perColumn ? 1 : Number(index.initializer(node.input[1] ?? "")?.dims[hasTurnedWeight(node) ? 0 : 1]);
    const noise = [...columns.values()].reduce((sum, largest) => sum + (width * (largest / 127) ** 2) / 12, 0);
    const live = [...energy].filter((each) => each > 0);
    return live.reduce((sum, each) => sum + Math.min(1, noise / each), 0) / live.length;
  });
  return Math.max(...losses);
}

/** The model with the channels of its pairs divided as equalization learned: the same function to float32's precision. */
export function applySmoothing(model: ModelProto, factors: Factors): ModelProto {
  const divisors = Object.entries(factors).map(([tensor, { divide }]) => [tensor, divide] as const);
  return dividePairs(model, Object.fromEntries(divisors), "equalized");
}
