const BINS = 2048;
const LEVELS = 128;

export interface DirectDivergences {
  /** KL(P||Q) by the number of bins kept, 128 to 2047; Infinity elsewhere. */
  readonly byBins: readonly number[];
  readonly binWidth: number;
}

/** TensorRT's divergences straight from values, without any shortcut: what the entropy calibrator is held to. */
export function directDivergences(values: Float32Array): DirectDivergences {
  const bound = values.reduce((largest, x) => Math.max(largest, Math.abs(x)), 0);
  const counts = new Array<number>(BINS).fill(0);
  for (const x of values) {
    const bin = Math.min(BINS - 1, Math.floor((Math.abs(x) / bound) * BINS));
    counts[bin] = (counts[bin] as number) + 1;
  }
  counts[0] = counts[1] as number;
  const byBins = counts.map((_, kept) => (kept < LEVELS ? Infinity : divergence(counts, kept)));
  return { byBins, binWidth: bound / BINS };
}

function divergence(counts: readonly number[], kept: number): number {
  const sum = (list: readonly number[]) => list.reduce((total, count) => total + count, 0);
  const raw = counts.slice(0, kept);
  const p = raw.slice();
  p[kept - 1] = (p[kept - 1] as number) + sum(counts.slice(kept));
  const merged = new Array<number>(LEVELS).fill(0);
  const occupied = new Array<number>(LEVELS).fill(0);
  const levelOf = (bin: number) => Math.floor((bin * LEVELS) / kept);
  raw.forEach((count, bin) => {
    const level = levelOf(bin);
    merged[level] = (merged[level] as number) + count;
    if ((p[bin] as number) > 0) occupied[level] = (occupied[level] as number) + 1;
  });
  const q = p.map((count, bin) =>
    count > 0 ? (merged[levelOf(bin)] as number) / (occupied[levelOf(bin)] as number) : 0,
  );
  const [ofP, ofQ] = [sum(p), sum(q)];
  if (ofQ === 0) return Infinity;
  return p.reduce((total, count, bin) => {
    if (count === 0) return total;
    return total + (count / ofP) * Math.log(count / ofP / ((q[bin] as number) / ofQ));
  }, 0);
}
