import { roundHalfEven } from "./round.ts";

/** The value of a float16 by its bits. */
export function widenHalf(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 31) return fraction ? Number.NaN : sign * Number.POSITIVE_INFINITY;
  return exponent === 0 ? sign * fraction * 2 ** -24 : sign * (1024 + fraction) * 2 ** (exponent - 25);
}

const words = new Uint32Array(1);
const floats = new Float32Array(words.buffer);

/** The value of a bfloat16 by its bits: a float32 without its lower half. */
export function widenBfloat(bits: number): number {
  words[0] = bits << 16;
  return floats[0] as number;
}

/** The largest finite float16. */
export const HALF_LARGEST = 65504;

/** Smaller float16 have fewer bits the smaller they are. */
export const HALF_LEAST_NORMAL = 2 ** -14;

/** The bits of the float16 nearest a float32, half to even; what rounds beyond the largest is infinite. */
export function narrowHalf(value: number): number {
  floats[0] = value;
  const bits = words[0] as number;
  const sign = (bits >>> 16) & 0x8000;
  const magnitude = bits & 0x7fffffff;
  if (magnitude > 0x7f800000) return sign | 0x7e00;
  if (magnitude >= 0x47800000) return sign | 0x7c00;
  if (magnitude < 0x38800000) return sign | roundHalfEven(Math.abs(floats[0] as number) * 2 ** 24);
  const rebased = magnitude - 0x38000000;
  return sign | ((rebased + 0xfff + ((rebased >>> 13) & 1)) >>> 13);
}

/** The bits of the bfloat16 nearest a float32, half to even. */
export function narrowBfloat(value: number): number {
  floats[0] = value;
  const bits = words[0] as number;
  if ((bits & 0x7fffffff) > 0x7f800000) return (bits >>> 16) | 0x40;
  return (bits + 0x7fff + ((bits >>> 16) & 1)) >>> 16;
}

/** A type of 16 bits or fewer, sign and magnitude: the next larger magnitude has the next bits. */
export interface ShortFloat {
  readonly narrow: (value: number) => number;
  readonly widen: (bits: number) => number;
  /** The bit of the sign, the highest. */
  readonly sign: number;
}

export const HALF: ShortFloat = { narrow: narrowHalf, widen: widenHalf, sign: 0x8000 };
export const BFLOAT: ShortFloat = { narrow: narrowBfloat, widen: widenBfloat, sign: 0x8000 };

/** The bits nearest each value. */
export function nearest(values: Float32Array, { narrow }: ShortFloat): Uint16Array<ArrayBuffer> {
  const bits = new Uint16Array(values.length);
  for (let i = 0; i < values.length; i++) bits[i] = narrow(values[i] as number);
  return bits;
}

/** The least positive float16, which is finer than a 32nd of a value from 2^-19 on. */
export const LEAST_HALF = 2 ** -24;
const FINE_FROM = 2 ** -19;

/** The least float16 that is not below a positive value, where float16 is fine enough there; else the value itself. */
export function halfAbove(value: number): number {
  if (value < FINE_FROM || value > HALF_LARGEST) return value;
  const step = value < HALF_LEAST_NORMAL ? LEAST_HALF : 2 ** (Math.floor(Math.log2(value)) - 10);
  return Math.ceil(value / step) * step;
}

/** The bits of values in float16; null where it does not hold one exactly. */
export function halfBits(values: Float32Array): Uint16Array | null {
  const bits = nearest(values, HALF);
  return bits.every((each, at) => widenHalf(each) === values[at]) ? bits : null;
}
