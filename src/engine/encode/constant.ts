import type { ActivationScheme, Affine } from "../model/range.ts";
import { affineParameters } from "../numerics/affine.ts";
import { isAllFinite } from "../numerics/finite.ts";
import { type ActivationCodes, quantize } from "../numerics/quantize.ts";

export interface EncodedConstant {
  readonly affine: Affine;
  readonly codes: ActivationCodes;
}

/** A constant operand in the activations' type, from its least to its largest value; null where one is not finite. */
export function encodeConstant(values: Float32Array, scheme: ActivationScheme): EncodedConstant | null {
  if (!isAllFinite(values)) return null;
  let low = 0;
  let high = 0;
  for (const value of values) {
    low = Math.min(low, value);
    high = Math.max(high, value);
  }
  const affine = affineParameters({ low, high }, scheme);
  return { affine, codes: quantize(values, affine, scheme.type) };
}
