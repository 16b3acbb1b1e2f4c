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
