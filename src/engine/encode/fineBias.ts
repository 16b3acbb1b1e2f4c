import type { Scales } from "../model/range.ts";
import { allowedScale } from "../numerics/affine.ts";
import { roundHalfEven } from "../values/round.ts";

/** A bias as int32 codes of so fine a scale that each value keeps ten bits at least: one scale, or one a value. */
export interface FineBias {
  readonly scales: Float32Array;
  readonly codes: Int32Array;
}

const LARGEST_CODE = 2 ** 30;
/** How far apart the values of one scale are at most. */
const SPREAD = 2 ** 20;

/** Finite values, or as many zeros as a number says. */
export function fineBias(bias: Float32Array | number, allowed?: Scales): FineBias {
  if (typeof bias === "number") return { scales: Float32Array.of(1), codes: new Int32Array(bias) };
  const magnitudes = bias.map(Math.abs).filter((value) => value > 0);
  const largest = magnitudes.reduce((most, value) => Math.max(most, value), 0);
  const least = magnitudes.reduce((few, value) => Math.min(few, value), Infinity);
  const scaleOf = (magnitude: number) => Math.fround(allowedScale(magnitude / LARGEST_CODE, allowed)) || 1;
  const scales =
    largest > SPREAD * least ? bias.map((value) => scaleOf(Math.abs(value))) : Float32Array.of(scaleOf(largest));
  const scaleAt = (at: number) => scales[scales.length === 1 ? 0 : at] as number;
  return { scales, codes: Int32Array.from(bias, (value, at) => roundHalfEven(value / scaleAt(at))) };
}
