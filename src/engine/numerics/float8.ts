import { FLOAT8 } from "../values/byteFloats.ts";
import { nearest } from "../values/halfFloats.ts";
import { type ChannelLayout, forEachRun } from "./channels.ts";
import { balancedFloats } from "./halfWeights.ts";

/**
 * Bits of float8 (E4M3FN) of weights over the scale of their channel, w / scale in float32: the nearest, or, balanced, such that the
 * errors of an output channel cancel. `scales` holds one a channel of the layout.
 */
export function toFloat8(
  weights: Float32Array,
  layout: ChannelLayout,
  scales: Float32Array,
  balanced: ChannelLayout | null,
): Uint8Array {
  const values = new Float32Array(weights.length);
  forEachRun(layout, (channel, start, end) => {
    const scale = scales[channel] as number;
    for (let i = start; i < end; i++) values[i] = (weights[i] as number) / scale;
  });
  return Uint8Array.from(balanced ? balancedFloats(values, balanced, FLOAT8) : nearest(values, FLOAT8));
}

/** w = scale * value in float32. */
export function fromFloat8(codes: Uint8Array, layout: ChannelLayout, scales: Float32Array): Float32Array {
  const weights = new Float32Array(codes.length);
  forEachRun(layout, (channel, start, end) => {
    const scale = scales[channel] as number;
    for (let i = start; i < end; i++) weights[i] = FLOAT8.widen(codes[i] as number) * scale;
  });
  return weights;
}
