import type { ShortFloat } from "./halfFloats.ts";
import { roundHalfEven } from "./round.ts";

/** https://onnx.ai/onnx/technical/float8.html: bits of exponent and fraction, its bias, and which bits are no finite number. */
const FORMS = {
  FLOAT8E4M3FN: { fraction: 3, bias: 7, special: (bits: number) => ((bits & 0x7f) === 0x7f ? Number.NaN : null) },
  FLOAT8E4M3FNUZ: { fraction: 3, bias: 8, special: (bits: number) => (bits === 0x80 ? Number.NaN : null) },
  FLOAT8E5M2: {
    fraction: 2,
    bias: 15,
    special(bits: number) {
      if ((bits & 0x7c) !== 0x7c) return null;
      if ((bits & 3) !== 0) return Number.NaN;
      return bits & 0x80 ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
    },
  },
  FLOAT8E5M2FNUZ: { fraction: 2, bias: 16, special: (bits: number) => (bits === 0x80 ? Number.NaN : null) },
} as const;

/** What makes the value of a float of 8 bits, by ONNX's name of its type; undefined for other types. */
export function widenByte(type: string): ((bits: number) => number) | undefined {
  if (!Object.hasOwn(FORMS, type)) return undefined;
  const { fraction, bias, special } = FORMS[type as keyof typeof FORMS];
  return (bits) => {
    const known = special(bits);
    if (known !== null) return known;
    const sign = bits & 0x80 ? -1 : 1;
    const exponent = (bits & 0x7f) >> fraction;
    const rest = bits & ((1 << fraction) - 1);
    const scale = 2 ** (Math.max(exponent, 1) - bias - fraction);
    return sign * (exponent === 0 ? rest : rest + (1 << fraction)) * scale;
  };
}

/** The largest float8 (E4M3FN). */
export const FLOAT8_LARGEST = 448;

const single = new Float32Array(1);
const singleBits = new Uint32Array(single.buffer);

/**
 * The bits of the float8 (E4M3FN) nearest a float32, of two as near the even one; what is larger than 448 becomes 448, as a Cast or a
 * QuantizeLinear with `saturate` has it, and NaN stays NaN.
 */
function narrowFloat8(value: number): number {
  single[0] = value;
  const bits = singleBits[0] as number;
  const sign = (bits >>> 24) & 0x80;
  const magnitude = Math.abs(single[0] as number);
  if (Number.isNaN(magnitude)) return sign | 0x7f;
  if (magnitude >= FLOAT8_LARGEST) return sign | 0x7e;
  const exponent = Math.max(((bits >>> 23) & 0xff) - 127, -6);
  return sign | (((exponent + 7) << 3) + roundHalfEven(magnitude * 2 ** (3 - exponent)) - 8);
}

export const FLOAT8: ShortFloat = {
  narrow: narrowFloat8,
  widen: widenByte("FLOAT8E4M3FN") as (bits: number) => number,
  sign: 0x80,
};

/** Its values from 0 to 448, ascending. */
export const FLOAT8_VALUES: Float64Array = Float64Array.from({ length: 0x7f }, (_, bits) => FLOAT8.widen(bits));
