import type { Affine } from "../model/range.ts";
import { FLOAT8 } from "../values/byteFloats.ts";
import { clamp } from "../values/clamp.ts";
import { type ActivationType, codeLimits } from "../values/codes.ts";
import { arrayOf, elementBytes } from "../values/elementTypes.ts";
import { roundHalfEven } from "../values/round.ts";

export type ActivationCodes = Uint8Array | Int8Array | Uint16Array | Int16Array;

/**
 * q = clamp(roundHalfEven(x / scale) + zeroPoint), x / scale in float32, as ONNX QuantizeLinear evaluates it.
 * Infinities saturate; NaN has no defined code and becomes 0. Of float8, which has no zero points, they are the bits of x / scale.
 */
export function quantize(values: Float32Array, affine: Affine, type: "uint8"): Uint8Array;
export function quantize(values: Float32Array, affine: Affine, type: "int8"): Int8Array;
export function quantize(values: Float32Array, affine: Affine, type: ActivationType): ActivationCodes;
export function quantize(values: Float32Array, affine: Affine, type: ActivationType): ActivationCodes {
  const { scale, zeroPoint } = affine;
  if (type === "float8") return Uint8Array.from(values, (value) => FLOAT8.narrow(Math.fround(value / scale)));
  const [lowest, highest] = codeLimits(type);
  const codes = new (arrayOf(type))(new ArrayBuffer(values.length * elementBytes(type))) as ActivationCodes;
  for (let i = 0; i < values.length; i++) {
    const code = roundHalfEven(Math.fround((values[i] as number) / scale)) + zeroPoint;
    codes[i] = clamp(code, lowest, highest);
  }
  return codes;
}

/** x = (q - zeroPoint) * scale in float32, as ONNX DequantizeLinear. */
export function dequantize(codes: ActivationCodes, affine: Affine): Float32Array {
  const { scale, zeroPoint } = affine;
  return Float32Array.from(codes, (code) => (code - zeroPoint) * scale);
}
