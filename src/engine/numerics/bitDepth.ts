import type { BitDepth } from "../model/bitDepth.ts";
import type { Affine, Range } from "../model/range.ts";
import { clamp } from "../values/clamp.ts";
import { roundHalfEven } from "../values/round.ts";
import { coveredRange, SCALE_FLOOR } from "./affine.ts";
import { Comparator } from "./metrics.ts";

const ASYMMETRIC = { type: "uint8", symmetric: false } as const;

/**
 * Quantizes values to unsigned codes of 2..16 bits over their own finite minimum and maximum, and back: ONNX
 * QuantizeLinear and DequantizeLinear with the asymmetric parameters of `affineParameters`, 2^bits - 1 steps in place
 * of 255. Infinities saturate, NaN becomes 0. Throws RangeError for another number of bits.
 */
export function bitDepth(values: Float32Array, bits: number): BitDepth {
  if (!Number.isInteger(bits) || bits < 2 || bits > 16) {
    throw new RangeError(`A bit depth is a whole number from 2 to 16, not ${bits}.`);
  }
  const levels = 2 ** bits;
  const { scale, zeroPoint } = parameters(finiteRange(values), levels - 1);
  const quantized = Float32Array.from(values, (value) => {
    if (Number.isNaN(value)) return 0;
    const code = roundHalfEven(Math.fround(value / scale)) + zeroPoint;
    return (clamp(code, 0, levels - 1) - zeroPoint) * scale;
  });
  const comparator = new Comparator();
  comparator.add(values, quantized);
  return { quantized, levels, scale, zeroPoint, sqnr: comparator.result().sqnr };
}

/** Where the `length` values begin among which neighbours differ most, by the sum of |x[i + 1] - x[i]|; 0 when there are fewer. */
export function liveliest(values: Float32Array, length: number): number {
  let start = 0;
  let most = 0;
  let sum = 0;
  for (let end = 1; end < values.length; end++) {
    const first = end - length + 1;
    sum += stepBefore(values, end) - (first > 0 ? stepBefore(values, first) : 0);
    if (sum <= most) continue;
    most = sum;
    start = Math.max(0, first);
  }
  return start;
}

function stepBefore(values: Float32Array, index: number): number {
  const step = Math.abs((values[index] as number) - (values[index - 1] as number));
  return Number.isFinite(step) ? step : 0;
}

function finiteRange(values: Float32Array): Range {
  let low = 0;
  let high = 0;
  for (const value of values) {
    if (!Number.isFinite(value)) continue;
    if (value < low) low = value;
    if (value > high) high = value;
  }
  return { low, high };
}

function parameters(range: Range, steps: number): Affine {
  const { low, high } = coveredRange(range, ASYMMETRIC);
  const exact = (high - low) / steps;
  if (exact === 0) return { scale: 1, zeroPoint: 0 };
  return { scale: Math.max(Math.fround(exact), SCALE_FLOOR), zeroPoint: roundHalfEven(-low / exact) };
}
