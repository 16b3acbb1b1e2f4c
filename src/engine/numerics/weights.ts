import { SCALE_FLOOR } from "./affine.ts";
import { type ChannelLayout, forEachRun } from "./channels.ts";
import { roundHalfEven } from "./round.ts";

/** Symmetric int8 weights use -127..127, so that a weight and its negative are equally far from zero. */
const WEIGHT_LIMIT = 127;

export interface WeightScales {
  /** One float32 scale a channel: max|w| / 127, at least SCALE_FLOOR. */
  readonly scales: Float32Array;
  /** Channels whose scale was raised to SCALE_FLOOR: all zero, or vanishing. */
  readonly dead: readonly number[];
}

/** Scales of symmetric int8 weights. Throws RangeError when a weight is not finite. */
export function weightScales(weights: Float32Array, layout: ChannelLayout): WeightScales {
  const largest = new Float64Array(layout.channels);
  forEachRun(layout, (channel, start, end) => {
    let bound = largest[channel] as number;
    for (let i = start; i < end; i++) {
      const magnitude = Math.abs(weights[i] as number);
      if (!(magnitude < Infinity)) throw new RangeError(`A weight of channel ${channel} is ${weights[i]}.`);
      if (magnitude > bound) bound = magnitude;
    }
    largest[channel] = bound;
  });
  const scales = Float32Array.from(largest, (bound) => bound / WEIGHT_LIMIT);
  const dead: number[] = [];
  scales.forEach((scale, channel) => {
    if (scale >= SCALE_FLOOR) return;
    scales[channel] = SCALE_FLOOR;
    dead.push(channel);
  });
  return { scales, dead };
}

/** q = clamp(roundHalfEven(w / scale), -127, 127) with the scale of each channel and w / scale in float32. */
export function quantizeWeights(weights: Float32Array, layout: ChannelLayout, scales: Float32Array): Int8Array {
  const codes = new Int8Array(weights.length);
  forEachRun(layout, (channel, start, end) => {
    const scale = scales[channel] as number;
    for (let i = start; i < end; i++) {
      const code = roundHalfEven(Math.fround((weights[i] as number) / scale));
      codes[i] = Math.min(Math.max(code, -WEIGHT_LIMIT), WEIGHT_LIMIT);
    }
  });
  return codes;
}

/** w = q * scale in float32 with the scale of each channel. */
export function dequantizeWeights(codes: Int8Array, layout: ChannelLayout, scales: Float32Array): Float32Array {
  const weights = new Float32Array(codes.length);
  forEachRun(layout, (channel, start, end) => {
    const scale = scales[channel] as number;
    for (let i = start; i < end; i++) weights[i] = (codes[i] as number) * scale;
  });
  return weights;
}
