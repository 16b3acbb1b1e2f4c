import type { Scales } from "../model/range.ts";
import { clamp } from "../values/clamp.ts";
import { type CodeLimits, type WeightCodes, type WeightType, weightLimits } from "../values/codes.ts";
import { roundHalfEven } from "../values/round.ts";
import { allowedScale, SCALE_FLOOR } from "./affine.ts";
import { type ChannelLayout, forEachRun } from "./channels.ts";
import { Dequantizer } from "./dequantizer.ts";
import { weightKernel } from "./kernel/weightKernel.ts";
import { leastErrorScales } from "./leastErrorScales.ts";
import type { Rounder } from "./stochastic.ts";

export interface WeightScales {
  /** One float32 scale a channel, at least SCALE_FLOOR. */
  readonly scales: Float32Array;
  /** Channels whose scale was raised to SCALE_FLOOR: all zero, or vanishing. */
  readonly dead: readonly number[];
}

/**
 * Scales of symmetric weights with zero point 0: max|w| over the largest code, 127, in int8, and 448 in float8, where clipping has little to win; in int4 and int2 those
 * of least error (leastErrorScales.ts). Powers of two where only these are allowed. Throws RangeError when a weight is not finite.
 */
export function weightScales(
  weights: Float32Array,
  layout: ChannelLayout,
  type: WeightType,
  allowed?: Scales,
  limits: CodeLimits = weightLimits(type),
): WeightScales {
  const largest = largestMagnitudes(weights, layout);
  const scales =
    type === "int8" || type === "float8"
      ? Float32Array.from(largest, (bound) => allowedScale(bound / limits[1], allowed))
      : leastErrorScales(weights, layout, largest, limits, allowed);
  const dead: number[] = [];
  scales.forEach((scale, channel) => {
    if (scale >= SCALE_FLOOR) return;
    scales[channel] = SCALE_FLOOR;
    dead.push(channel);
  });
  return { scales, dead };
}

/** Values that the kernel is given at once, about. */
const AT_ONCE = 1 << 16;

/** The largest magnitude of each channel. Throws RangeError where a weight is not finite. */
function largestMagnitudes(weights: Float32Array, { outer, channels, inner }: ChannelLayout): Float64Array {
  const kernel = weightKernel();
  const bits = new Uint32Array(channels);
  if (inner === 1) {
    const [values = 0, largest = 0] = kernel.place(4 * AT_ONCE, 4 * AT_ONCE);
    for (let first = 0; first < channels; first += AT_ONCE) {
      const count = Math.min(AT_ONCE, channels - first);
      kernel.words.fill(0, largest / 4, largest / 4 + count);
      for (let o = 0; o < outer; o++) {
        kernel.floats.set(weights.subarray(o * channels + first, o * channels + first + count), values / 4);
        kernel.magnitudes(values, largest, count);
      }
      bits.set(kernel.words.subarray(largest / 4, largest / 4 + count), first);
    }
  } else {
    const [values = 0] = kernel.place(4 * AT_ONCE);
    for (let run = 0; run < outer * channels; run++) {
      const channel = run % channels;
      for (let from = run * inner, end = from + inner; from < end; from += AT_ONCE) {
        const count = Math.min(AT_ONCE, end - from);
        kernel.floats.set(weights.subarray(from, from + count), values / 4);
        bits[channel] = Math.max(bits[channel] as number, kernel.magnitude(values, count));
      }
    }
  }
  const largest = Float64Array.from(new Float32Array(bits.buffer));
  const channel = largest.findIndex((bound) => !(bound < Infinity));
  if (channel >= 0) throw new RangeError(`A weight of channel ${channel} is not finite.`);
  return largest;
}

/**
 * q = clamp(round(w / scale) + zero point) with those of each channel and w / scale in float32, to nearest, half to even, where
 * nothing else is given; zero points that are null are 0.
 */
export function quantizeWeights(
  weights: Float32Array,
  layout: ChannelLayout,
  scales: Float32Array,
  [lowest, highest]: CodeLimits,
  zeroPoints: WeightCodes | null = null,
  round: Rounder = roundHalfEven,
): WeightCodes {
  const codes: WeightCodes = zeroPoints ? new Uint8Array(weights.length) : new Int8Array(weights.length);
  forEachRun(layout, (channel, start, end) => {
    const scale = scales[channel] as number;
    const zero = zeroPoints ? (zeroPoints[channel] as number) : 0;
    for (let i = start; i < end; i++) {
      const code = round(Math.fround((weights[i] as number) / scale), i) + zero;
      codes[i] = clamp(code, lowest, highest);
    }
  });
  return codes;
}

/** q = clamp(floor(w / scale) + up) with the scale of each channel and w / scale in float32; `up` is 0 or 1 for each weight. */
export function roundWeights(
  weights: Float32Array,
  layout: ChannelLayout,
  scales: Float32Array,
  [lowest, highest]: CodeLimits,
  up: Uint8Array,
): Int8Array {
  const codes = new Int8Array(weights.length);
  forEachRun(layout, (channel, start, end) => {
    const scale = scales[channel] as number;
    for (let i = start; i < end; i++) {
      const code = Math.floor(Math.fround((weights[i] as number) / scale)) + (up[i] as number);
      codes[i] = clamp(code, lowest, highest);
    }
  });
  return codes;
}

/** w = (q - zero point) * scale in float32 with those of each channel, in `weights`; null is 0 for all. */
export function dequantizeWeights(
  codes: WeightCodes,
  layout: ChannelLayout,
  scales: Float32Array,
  zeroPoints: WeightCodes | null = null,
  weights = new Float32Array(codes.length),
): Float32Array {
  const dequantizer = new Dequantizer(codes, scales, zeroPoints, weights);
  const { outer, channels, inner } = layout;
  if (inner === 1) {
    for (let o = 0; o < outer; o++) dequantizer.each(o * channels, channels, 0);
  } else {
    forEachRun(layout, (channel, start, end) => dequantizer.run(start, end - start, channel));
  }
  return weights;
}
