import type { Scales } from "../model/range.ts";
import { clamp } from "../values/clamp.ts";
import type { CodeLimits } from "../values/codes.ts";
import { roundHalfEven } from "../values/round.ts";
import { allowedScale } from "./affine.ts";
import type { ChannelLayout } from "./channels.ts";
import { octaves } from "./octaves.ts";
import { forEachRow } from "./reduction.ts";

/** Scales tried: from the one that holds the largest weight, an eighth of an octave apart, down one and a half; of 4 codes three. */
const TRIALS = 13;
const TRIALS_OF_FEW = 25;
const STEP = 1 / 8;
/** Steps around the best of them, in octaves. */
const REFINEMENTS = [STEP / 2, STEP / 4, STEP / 8];

/**
 * The scale s of each channel of least error sum |w - s q|^3, q = clamp(roundHalfEven(w / s)): found on a grid, then around the
 * best of it, and within 0.02 dB of an exhaustive search. Of few codes, clipping the largest weights costs less than a
 * step so wide that it holds them all; choosing that by an L_p norm is what Nahshan et al., *Loss Aware Post-Training
 * Quantization* (2019), 3.1, do, and p = 2 is the usual MSE. Here p = 3: a clipped weight is wrong in one direction, which does
 * not average out as rounding does, so that p = 2, which clips most, does worse at a network's outputs (docs/quantizer.md).
 * `largest` has max|w| of each channel; where it is 0 the scale is 0. Where scales are powers of two, only these are tried.
 */
export function leastErrorScales(
  weights: Float32Array,
  layout: ChannelLayout,
  largest: Float64Array,
  limits: CodeLimits,
  allowed?: Scales,
): Float32Array {
  const { outer, channels, inner } = layout;
  const rows = {
    length: outer * inner,
    inner,
    channelStride: inner,
    innerStride: 1,
    outerStride: channels * inner,
    paired: false,
  };
  const scales = new Float32Array(channels);
  forEachRow(weights, rows, (row, channel) => {
    const bound = largest[channel] as number;
    if (bound > 0) scales[channel] = leastErrorScale(row, bound, limits, allowed);
  });
  return scales;
}

function leastErrorScale(row: Float32Array, bound: number, limits: CodeLimits, allowed: Scales): number {
  const [lowest, highest] = limits;
  let best = Math.fround(allowedScale(bound / highest, allowed));
  let least = errorOf(row, best, limits);
  const consider = (exact: number) => {
    const scale = Math.fround(exact);
    const error = errorOf(row, scale, limits);
    if (error < least) [best, least] = [scale, error];
  };
  if (allowed) {
    for (const power of [best / 2, best / 4]) consider(power);
    return best;
  }
  consider(bound / -lowest);
  const trials = highest - lowest > 3 ? TRIALS : TRIALS_OF_FEW;
  for (let trial = 1; trial < trials; trial++) consider((bound / highest) * octaves(-trial * STEP));
  for (const step of REFINEMENTS) {
    const centre = best;
    consider(centre * octaves(step));
    consider(centre * octaves(-step));
  }
  return best;
}

function errorOf(row: Float32Array, scale: number, [lowest, highest]: CodeLimits): number {
  const steps = 1 / scale;
  let sum = 0;
  for (let i = 0; i < row.length; i++) {
    const weight = row[i] as number;
    const code = clamp(roundHalfEven(weight * steps), lowest, highest);
    const error = Math.abs(weight - scale * code);
    sum += error * error * error;
  }
  return sum;
}
