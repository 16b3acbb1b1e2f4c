const FLIPS = 20_000;
const SEED = 0x9e3779b9;

/**
 * The p-value, one-sided, of paired differences whose mean is above 0: Fisher's randomization test, under which each
 * difference is as likely to have the other sign ("The Design of Experiments", 1935, section 21). All patterns of signs
 * are counted where there are 20,000 or fewer; else so many are drawn from a fixed seed, and the p-value is
 * (1 + those as large) / (1 + drawn), which is never too small (Phipson and Smyth, "Permutation p-values should never be
 * zero", 2010). 1 without differences.
 */
export function signFlipTest(differences: readonly number[]): number {
  const moving = differences.filter((difference) => difference !== 0);
  const observed = sum(moving) - 1e-9 * sum(moving.map(Math.abs));
  const patterns = 2 ** moving.length;
  if (patterns <= FLIPS) {
    let asLarge = 0;
    for (let pattern = 0; pattern < patterns; pattern++) {
      if (flipped(moving, () => pattern) >= observed) asLarge++;
    }
    return asLarge / patterns;
  }
  const next = generator(SEED);
  let asLarge = 0;
  for (let flip = 0; flip < FLIPS; flip++) if (flipped(moving, next) >= observed) asLarge++;
  return (1 + asLarge) / (1 + FLIPS);
}

/** The sum under a pattern of signs; `next` gives those of 32 differences, a bit each. */
function flipped(differences: readonly number[], next: () => number): number {
  let total = 0;
  let bits = 0;
  for (let i = 0; i < differences.length; i++) {
    if (i % 32 === 0) bits = next();
    total += bits & 1 ? -differences[i]! : differences[i]!;
    bits >>>= 1;
  }
  return total;
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

/** Mulberry32 (Tommy Ettinger, public domain): 32 bits a call. */
function generator(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let bits = Math.imul(state ^ (state >>> 15), 1 | state);
    bits = (bits + Math.imul(bits ^ (bits >>> 7), 61 | bits)) ^ bits;
    return (bits ^ (bits >>> 14)) >>> 0;
  };
}
