import type { Range } from "../../model/range.ts";
import { roundHalfEven } from "../../values/round.ts";
import { type Density, numberBelow } from "../density.ts";

const BINS = 2048;
/** Quantization levels of a magnitude in TensorRT's calibrator, whatever the sign of the data. */
const LEVELS = 128;

/**
 * TensorRT's entropy calibration (Migacz, "8-bit inference with TensorRT", GTC 2017): the threshold on |x|, out of 2048
 * bins, at which the clipped distribution loses least (KL divergence) when merged to 128 levels. The range is
 * [max(min, -T), min(max, T)]; min-max when no threshold has a finite divergence, as for a constant.
 */
export function entropyRange(density: Density): Range {
  const { min, max } = density;
  const bound = Math.max(-min, max);
  const kept = leastDivergence(magnitudeHistogram(density, bound));
  if (kept === null) return { low: min, high: max };
  const threshold = (kept + 0.5) * (bound / BINS);
  return { low: Math.max(min, -threshold), high: Math.min(max, threshold) };
}

/** Counts of |x| in 2048 equal bins up to `bound`; whole numbers, since empty bins matter to the divergence. */
function magnitudeHistogram({ zeros, negative, positive }: Density, bound: number): Float64Array {
  const counts = new Float64Array(BINS);
  let below = 0;
  for (let bin = 0; bin < BINS; bin++) {
    const edge = bin === BINS - 1 ? Infinity : ((bin + 1) * bound) / BINS;
    const reached = zeros + roundHalfEven(numberBelow(negative, edge)) + roundHalfEven(numberBelow(positive, edge));
    counts[bin] = reached - below;
    below = reached;
  }
  return counts;
}

/** Thresholds looked at first: the least divergence among them tells of most others that they are no candidates. */
const FIRST_LOOK = 32;
/** More than adding up can be wrong by, in nats. */
const ROUNDING = 1e-9;

/** The largest number of bins among those of least divergence; null when none is finite. */
export function leastDivergence(histogram: Float64Array): number | null {
  const divergence = divergencesOf(histogram);
  let least = Infinity;
  for (let i = LEVELS; i < BINS; i += FIRST_LOOK) least = Math.min(least, divergence(i, least));
  let best: number | null = null;
  for (let i = LEVELS; i < BINS; i++) {
    const found = divergence(i, least);
    if (found === Infinity || found > least) continue;
    [best, least] = [i, found];
  }
  return best;
}

/**
 * KL(P||Q) for a threshold after i bins, i from 128 to 2047; Infinity where Q lacks mass that P has, and where it is surely more
 * than `most`. P is bins [0, i) with everything beyond added to the last; Q is the same bins without that, merged to 128 levels
 * (bin j to level floor(128 j / i)) and spread again over the bins where P has mass; both are normalised. The first bin takes the
 * count of the second, as NVIDIA's pytorch-quantization does: it holds the zeros after a Relu, which every scale
 * represents exactly, and would otherwise decide the threshold alone.
 *
 * Sum P log P and the level sums come from running totals, so a threshold costs 128 steps, not i. By the log sum inequality no level
 * but the last gives Q more than its bins give P, which bounds from below what the levels that are left can come to.
 */
export function divergencesOf(histogram: Float64Array): (i: number, most: number) => number {
  const counts = Float64Array.from(histogram);
  counts[0] = counts[1] as number;
  const selfInformation = (count: number) => (count > 0 ? count * Math.log(count) : 0);
  const mass = new Float64Array(BINS + 1);
  const occupied = new Float64Array(BINS + 1);
  const information = new Float64Array(BINS + 1);
  counts.forEach((count, bin) => {
    mass[bin + 1] = (mass[bin] as number) + count;
    occupied[bin + 1] = (occupied[bin] as number) + (count > 0 ? 1 : 0);
    information[bin + 1] = (information[bin] as number) + selfInformation(count);
  });
  const total = mass[BINS] as number;

  return (i, most) => {
    const inside = mass[i] as number;
    if (inside === 0) return Infinity;
    const outside = total - inside;
    const last = counts[i - 1] as number;
    const logP = (information[i - 1] as number) + selfInformation(last + outside);
    const logInside = Math.log(inside / total);
    const lastStart = Math.ceil(((LEVELS - 1) * i) / LEVELS);
    const lastMerged = inside - (mass[lastStart] as number);
    const lastReference = lastMerged + outside;
    const lastSpread = (occupied[i] as number) - (occupied[lastStart] as number) + (last === 0 && outside > 0 ? 1 : 0);
    const lastLogQ = lastReference === 0 ? 0 : lastReference * Math.log(lastMerged / lastSpread);
    const largestLogQ = lastLogQ + (information[lastStart] as number);
    let logQ = 0;
    let start = 0;
    for (let level = 0; level < LEVELS - 1; level++) {
      const end = Math.ceil(((level + 1) * i) / LEVELS);
      const merged = (mass[end] as number) - (mass[start] as number);
      if (merged !== 0) {
        const spread = (occupied[end] as number) - (occupied[start] as number);
        logQ += merged * Math.log(merged / spread);
      }
      const atMost = logQ + largestLogQ - (information[end] as number);
      if ((logP - atMost) / total + logInside > most + ROUNDING) return Infinity;
      start = end;
    }
    return (logP - (logQ + lastLogQ)) / total + logInside;
  };
}
