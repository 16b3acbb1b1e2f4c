import type { Range } from "../model/range.ts";
import type { TensorStatistics } from "../model/statistics.ts";
import { type Density, densityOf, numberBelow, numberUpTo } from "./density.ts";

/**
 * Counts in `bins` equal bins over `window`, both ends included, for display. A bin of the statistics that spans
 * several is split evenly, so counts may be fractions; their sum is the number of values in the window. A window of no
 * width has everything in its first bin.
 */
export function linearHistogram(statistics: TensorStatistics, window: Range, bins: number): number[] {
  const density = densityOf(statistics);
  const { low, high } = window;
  const counts = new Array<number>(bins).fill(0);
  let before = valuesBelow(density, low);
  for (let bin = 0; bin < bins; bin++) {
    const last = low === high || bin === bins - 1;
    const after = last ? valuesUpTo(density, high) : valuesBelow(density, low + ((high - low) * (bin + 1)) / bins);
    counts[bin] = after - before;
    if (last) break;
    before = after;
  }
  return counts;
}

/** How many values lie below a window, and how many above it. */
export function countsBeside(statistics: TensorStatistics, { low, high }: Range): { below: number; above: number } {
  const density = densityOf(statistics);
  return { below: valuesBelow(density, low), above: statistics.finite - valuesUpTo(density, high) };
}

function valuesBelow({ zeros, negative, positive }: Density, x: number): number {
  const belowZero = negative.number[negative.size] as number;
  if (x <= 0) return belowZero - numberUpTo(negative, -x);
  return belowZero + zeros + numberBelow(positive, x);
}

function valuesUpTo({ zeros, negative, positive }: Density, x: number): number {
  const belowZero = negative.number[negative.size] as number;
  if (x < 0) return belowZero - numberBelow(negative, -x);
  return belowZero + zeros + numberUpTo(positive, x);
}
