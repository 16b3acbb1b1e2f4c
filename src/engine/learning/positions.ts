/**
 * Which of `count` positions of a sample are looked at, ascending: all where there are at most `limit`, else one drawn
 * from each of `limit` equal stretches. The same `sample` always gives the same positions.
 */
export function positionsOf(count: number, limit: number, sample: number): Int32Array {
  if (count <= limit) return Int32Array.from({ length: count }, (_, at) => at);
  const random = generator(sample);
  const start = (at: number) => Math.floor((at * count) / limit);
  return Int32Array.from({ length: limit }, (_, at) => start(at) + Math.floor(random() * (start(at + 1) - start(at))));
}

/** Mulberry32 (Tommy Ettinger, public domain): numbers from 0 to 1, the same for the same seed. */
function generator(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let bits = Math.imul(state ^ (state >>> 15), state | 1);
    bits ^= bits + Math.imul(bits ^ (bits >>> 7), bits | 61);
    return ((bits ^ (bits >>> 14)) >>> 0) / 2 ** 32;
  };
}
