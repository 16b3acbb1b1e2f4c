/** One run's tensors by name, of samples joined. */
export interface Run {
  readonly samples: readonly number[];
  readonly tensors: ReadonlyMap<string, Float32Array>;
}

/** A generator of 32-bit words: mulberry32. */
function wordsFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return (t ^ (t >>> 14)) >>> 0;
  };
}

const EDGES = [
  0, 0x80000000, 1, 0x80000001, 0x007fffff, 0x807fffff, 0x00800000, 0x80800000, 0x7f7fffff, 0xff7fffff, 0x7f800000,
  0xff800000, 0x7f800001, 0xff800001, 0x7fc00000, 0xffffffff, 0x3f800000, 0xbf800000, 0x3f7fffff, 0x3fffffff,
];

const bits = (length: number, word: (i: number) => number) =>
  new Float32Array(Uint32Array.from({ length }, (_, i) => word(i)).buffer);

/**
 * Bytes that a shader could get wrong: any bits at all, every exponent, subnormals alone, zeros of both signs, NaN with
 * payloads, infinities, one value many times, and a largest octave that grows from run to run.
 */
export function adversarialRuns(seed: number): Run[] {
  const next = wordsFrom(seed);
  const batches = [[4], [0, 1, 2], [7, 5], [9], [3, 11]];
  return batches.map((samples, run) => {
    const n = samples.length;
    const octave = (exponent: number) => (Math.max(0, exponent) << 23) | (next() & 0x807fffff);
    const tensors = new Map<string, Float32Array>([
      ["any", bits(n * 3001, next)],
      ["edges", bits(n * 257, () => EDGES[next() % EDGES.length] as number)],
      ["rising", bits(n * 4099, () => octave(90 + [0, 1, 30, 31, 70][run]! - (next() % 40)))],
      ["leaping", bits(n * 777, () => octave(run === 3 ? 254 : 3 * run - (next() % 3)))],
      ["subnormal", bits(n * 100, () => next() & 0x807fffff)],
      ["falling", bits(n * 5000, () => octave(200 - 40 * run))],
      ["relu6", bits(n * 9000, (i) => [0, 0x40c00000, 0x80000000, octave(128) & 0x7fffffff][(i >> 4) % 4] as number)],
      ["zero", bits(n * 33, () => (next() & 1) << 31)],
      ["nan", bits(n * 17, () => next() | 0x7fc00000)],
      ["one", bits(n, () => octave(120 + run))],
      ["late", bits(n * 2500, () => (run < 2 ? 0 : octave(100 + (next() % 27))))],
      ["empty", new Float32Array(0)],
    ]);
    return { samples, tensors };
  });
}
