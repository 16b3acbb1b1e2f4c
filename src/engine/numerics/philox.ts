const MULTIPLIERS = [0xd2511f53, 0xcd9e8d57] as const;
const WEYL = [0x9e3779b9, 0xbb67ae85] as const;
const ROUNDS = 10;

/**
 * Philox4x32-10: four random integers of 32 bits that follow from a counter and a key alone, so that any of them can be had in any
 * order (Salmon, Moraes, Dror and Shaw, *Parallel Random Numbers: As Easy as 1, 2, 3*, 2011). `counter` holds four integers
 * of 32 bits, and `out` the result.
 */
export function philox(counter: Uint32Array, [first, second]: readonly [number, number], out: Uint32Array): void {
  let a = counter[0] as number;
  let b = counter[1] as number;
  let c = counter[2] as number;
  let d = counter[3] as number;
  let low = first;
  let high = second;
  for (let round = 0; round < ROUNDS; round++) {
    const upper = highOf(MULTIPLIERS[0], a);
    const lower = highOf(MULTIPLIERS[1], c);
    const third = Math.imul(MULTIPLIERS[0], a) >>> 0;
    a = (lower ^ b ^ low) >>> 0;
    b = Math.imul(MULTIPLIERS[1], c) >>> 0;
    c = (upper ^ d ^ high) >>> 0;
    d = third;
    low = (low + WEYL[0]) >>> 0;
    high = (high + WEYL[1]) >>> 0;
  }
  out[0] = a;
  out[1] = b;
  out[2] = c;
  out[3] = d;
}

/** The upper 32 bits of a product of two unsigned integers of 32 bits. */
function highOf(a: number, b: number): number {
  const low = (a & 0xffff) * (b & 0xffff);
  const cross = (a >>> 16) * (b & 0xffff) + (low >>> 16);
  const other = (a & 0xffff) * (b >>> 16) + (cross & 0xffff);
  return (a >>> 16) * (b >>> 16) + (cross >>> 16) + (other >>> 16);
}
