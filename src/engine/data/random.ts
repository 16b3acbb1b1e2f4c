/** The 32-bit form of SplitMix (Steele, Lea, Flood 2014), with the finalizer of MurmurHash3. */
function splitmix32(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x9e3779b9) | 0;
    let mixed = state;
    mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85ebca6b);
    mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
    return (mixed ^ (mixed >>> 16)) >>> 0;
  };
}

const rotated = (value: number, by: number) => (value << by) | (value >>> (32 - by));

/**
 * xoshiro128** 1.1 (Blackman, Vigna 2018; prng.di.unimi.it/xoshiro128starstar.c): whole numbers 0..2^32-1, the same on every
 * machine. Exported for its test, which knows what a state gives.
 */
export function xoshiro128(state: readonly [number, number, number, number]): () => number {
  let [a, b, c, d] = state;
  return () => {
    const result = Math.imul(rotated(Math.imul(b, 5), 7), 9) >>> 0;
    const shifted = b << 9;
    c ^= a;
    d ^= b;
    b ^= c;
    a ^= d;
    c ^= shifted;
    d = rotated(d, 11);
    return result;
  };
}

/** Whole numbers below a bound of at most 2^32, each as likely, from a seed of 0..2^32-1. */
export function randomBelow(seed: number): (bound: number) => number {
  const fill = splitmix32(seed);
  const next = xoshiro128([fill(), fill(), fill(), fill()]);
  return (bound) => {
    const whole = 2 ** 32 - (2 ** 32 % bound);
    let value = next();
    while (value >= whole) value = next();
    return value % bound;
  };
}

/** Shuffles start..end of a list in place (Fisher and Yates, as Durstenfeld has it). */
export function shuffle(list: Uint32Array, start: number, end: number, below: (bound: number) => number): void {
  for (let last = end - 1; last > start; last--) {
    const other = start + below(last - start + 1);
    const held = list[last]!;
    list[last] = list[other]!;
    list[other] = held;
  }
}
