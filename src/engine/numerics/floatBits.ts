const words = new Uint32Array(1);
const floats = new Float32Array(words.buffer);

function bitsOf(value: number): number {
  floats[0] = value;
  return words[0] as number;
}

/** The biased exponent of a float32: 0 for subnormals, 255 for infinities, and -1 for zeros. */
export function exponentOf(value: number): number {
  return value === 0 ? -1 : (bitsOf(value) >>> 23) & 0xff;
}

/** The top `bits` mantissa bits of a float32. */
export function mantissaOf(value: number, bits: number): number {
  return (bitsOf(value) & 0x7fffff) >>> (23 - bits);
}
