import type { Scales } from "../model/range.ts";
import { clamp } from "../values/clamp.ts";
import { BIAS_LIMIT, weightLimits } from "../values/codes.ts";
import { roundHalfEven } from "../values/round.ts";
import { allowedScale, SCALE_FLOOR } from "./affine.ts";

const SMALLEST_NORMAL = 2 ** -126;
/** Keeps the bias inside int32 after the scales are rounded to float32 (ONNX Runtime, PR 22020). */
const MARGIN = 1.0001;

export interface QuantizedBias {
  readonly type: "int32" | "int8";
  /** The weight scales to use: raised where the bias would not fit, so requantize those channels. */
  readonly weightScales: Float32Array;
  readonly raised: readonly number[];
  /** Of int32 inputScale * weightScale in float32, one for each weight scale; of int8 one. */
  readonly scales: Float32Array;
  readonly codes: Int32Array;
}

/**
 * Quantizes a bias to int32 with zero point 0 and scale inputScale * weightScale. Where that scale is below
 * 1.0001 * 2|b| / (2^32 - 2), or not a normal float32, the weight scale is raised, to a power of two where only these are allowed. `weightScales` holds one scale a
 * bias element, or one for all. Throws RangeError when a bias is not finite or the lengths differ.
 */
export function quantizeBias(
  bias: Float32Array,
  inputScale: number,
  weightScales: Float32Array,
  allowed?: Scales,
): QuantizedBias {
  if (weightScales.length !== 1 && weightScales.length !== bias.length) {
    throw new RangeError(`A bias of ${bias.length} elements does not go with ${weightScales.length} weight scales.`);
  }
  const channelOf = (element: number) => (weightScales.length === 1 ? 0 : element);
  const needed = new Float64Array(weightScales.length).fill(MARGIN * SMALLEST_NORMAL);
  bias.forEach((value, element) => {
    if (!Number.isFinite(value)) throw new RangeError(`Element ${element} of the bias is ${value}.`);
    const channel = channelOf(element);
    needed[channel] = Math.max(needed[channel] as number, (MARGIN * Math.abs(value)) / BIAS_LIMIT);
  });

  const raised: number[] = [];
  const adjusted = weightScales.map((scale, channel) => {
    const least = needed[channel] as number;
    if (inputScale * scale >= least) return scale;
    raised.push(channel);
    return allowedScale(least / inputScale, allowed);
  });
  const scales = adjusted.map((scale) => inputScale * scale);
  const codes = Int32Array.from(bias, (value, element) => {
    const code = roundHalfEven(value / (scales[channelOf(element)] as number));
    return clamp(code, -BIAS_LIMIT, BIAS_LIMIT);
  });
  return { type: "int32", weightScales: adjusted, raised, scales, codes };
}

/** Quantizes a bias to symmetric int8 with one scale of its own, and leaves the scales of the weights as they are. */
export function byteBias(bias: Float32Array, weightScales: Float32Array, allowed?: Scales): QuantizedBias {
  const largest = bias.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  const [lowest, highest] = weightLimits("int8");
  const scale = Math.max(SCALE_FLOOR, Math.fround(allowedScale(largest / highest, allowed)));
  const codes = Int32Array.from(bias, (value) => clamp(roundHalfEven(value / scale), lowest, highest));
  return { type: "int8", weightScales, raised: [], scales: Float32Array.of(scale), codes };
}
