import type { Scales } from "../model/range.ts";
import { allowedScale } from "../numerics/affine.ts";
import { roundHalfEven } from "../values/round.ts";

/** A bias as int32 codes of so fine a scale that float32 would round no less. */
export interface FineBias {
  readonly scale: number;
  readonly codes: Int32Array;
}

const LARGEST_CODE = 2 ** 30;

/** Finite values, or as many zeros as a number says. */
export function fineBias(bias: Float32Array | number, allowed?: Scales): FineBias {
  if (typeof bias === "number") return { scale: 1, codes: new Int32Array(bias) };
  const largest = bias.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  const scale = Math.fround(allowedScale(largest / LARGEST_CODE, allowed)) || 1;
  return { scale, codes: Int32Array.from(bias, (value) => roundHalfEven(value / scale)) };
}
