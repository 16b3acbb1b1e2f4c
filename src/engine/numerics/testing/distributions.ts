/** A seeded source of uniform numbers in [0, 1) (mulberry32). */
export function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

const gauss = (u: () => number) => Math.sqrt(-2 * Math.log(1 - u())) * Math.cos(2 * Math.PI * u());
const laplace = (u: () => number) => -Math.log(1 - u()) * (u() < 0.5 ? -1 : 1);

/** Shapes that activations take, and some that they should not. */
export const DISTRIBUTIONS: Readonly<Record<string, (u: () => number, index: number) => number>> = {
  gaussian: (u) => gauss(u),
  laplace: (u) => laplace(u),
  "relu of a gaussian": (u) => Math.max(0, gauss(u)),
  "clip to [0, 6]": (u) => Math.min(6, Math.max(0, 2 + 3 * gauss(u))),
  bimodal: (u) => (u() < 0.3 ? -2 + 0.1 * gauss(u) : 1 + 0.3 * gauss(u)),
  "all negative": (u) => -1 - Math.abs(gauss(u)),
  swish: (u) => {
    const x = 3 * gauss(u);
    return x / (1 + Math.exp(-x));
  },
  "one outlier of 1000": (u, index) => (index === 77 ? 1000 : gauss(u)),
  "multiples of 1/255": (u) => Math.floor(u() * 256) / 255,
  constant: () => 0.7,
  "all zero": () => 0,
  "around 1e-12": (u) => 1e-12 * gauss(u),
};

export function drawFrom(name: string, length: number, seed = 1): Float32Array {
  const uniform = randomFrom(seed);
  const draw = DISTRIBUTIONS[name];
  if (!draw) throw new RangeError(`There is no distribution called ${name}.`);
  return Float32Array.from({ length }, (_, index) => draw(uniform, index));
}
