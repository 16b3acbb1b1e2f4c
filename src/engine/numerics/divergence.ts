import type { Range } from "../model/range.ts";
import type { TensorStatistics } from "../model/statistics.ts";
import { countsBeside, linearHistogram } from "./linearHistogram.ts";

/** Equal bins over the range at most; what lies below it and above it has a bin each. */
const BINS = 128;
/** The share of an even distribution that both are mixed with at least: it bounds what an empty bin costs. */
const EVEN = 1e-3;

/**
 * Kullback-Leibler divergence KL(seen || before) of two tensors' values in nats, over equal bins of a range and one bin on either side of it: the
 * square root of the smaller number of values is how many, 128 at most. Each distribution is mixed with the same share of an even one, as if each bin
 * held one value more where there are fewer values, and a thousandth at least, so that what is expected of few values is little: at most 11.8, and 0
 * where both fill the bins alike, however many values they are. NaN where one of them has no finite value. (S. Kullback and R. A. Leibler, On Information and Sufficiency, 1951.)
 */
export function divergence(seen: TensorStatistics, before: TensorStatistics, range: Range): number {
  const least = Math.min(seen.finite, before.finite);
  if (least === 0) return Number.NaN;
  const bins = Math.min(BINS, Math.ceil(Math.sqrt(least)));
  const even = Math.max(EVEN, (bins + 2) / (least + bins + 2));
  const [p, q] = [sharesOf(seen, range, bins, even), sharesOf(before, range, bins, even)];
  return Math.max(
    0,
    p.reduce((sum, share, bin) => sum + share * Math.log(share / q[bin]!), 0),
  );
}

function sharesOf(statistics: TensorStatistics, range: Range, bins: number, even: number): number[] {
  const { finite } = statistics;
  const { below, above } = countsBeside(statistics, range);
  const counts = [below, ...linearHistogram(statistics, range, bins), above];
  return counts.map((count) => (1 - even) * (count / finite) + even / counts.length);
}
