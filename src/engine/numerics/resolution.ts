/** Biased exponents of finite float32 values: 0..254. */
export const EXPONENTS = 255;

/**
 * Mantissa bits kept of an octave that lies `distance` octaves below the largest one seen of either sign. It
 * never rises with the distance: when a larger octave turns up, every kept octave coarsens to exactly what it would
 * have been had that octave come first. So the histogram depends on the values alone, not on their order.
 */
export function bitsAt(distance: number): number {
  if (distance < 3) return 12;
  if (distance < 4) return 11;
  if (distance < 8) return 10;
  if (distance < 12) return 8;
  return distance < 24 ? 6 : 2;
}

/** Adds up neighbouring bins until 2^bits are left. */
export function coarsen(counts: Float64Array, bits: number): Float64Array {
  const merged = new Float64Array(2 ** bits);
  const shift = Math.log2(counts.length) - bits;
  for (let i = 0; i < counts.length; i++) {
    const bin = i >>> shift;
    merged[bin] = (merged[bin] as number) + (counts[i] as number);
  }
  return merged;
}
