import type { Octave, TensorStatistics } from "../model/statistics.ts";

/**
 * The values of one sign as magnitudes: bins from `lower` to `upper`, rising and disjoint, each with a count. A bin of
 * no width is a point. Totals are running sums up to the start of each bin, so entry `size` holds the whole.
 */
export interface Side {
  readonly size: number;
  readonly lower: Float64Array;
  readonly upper: Float64Array;
  readonly count: Float64Array;
  /** Number, sum and sum of squares of the magnitudes in the bins before each. */
  readonly number: Float64Array;
  readonly sum: Float64Array;
  readonly squares: Float64Array;
}

/** A tensor's distribution as estimators see it: values spread evenly within each bin, zeros apart. */
export interface Density {
  readonly finite: number;
  readonly zeros: number;
  readonly min: number;
  readonly max: number;
  readonly negative: Side;
  readonly positive: Side;
}

/**
 * The distribution that statistics describe. Bin edges are exact float32 values; the outermost bins end at the
 * exact extremes, and an outermost value that is alone in its bin is a point.
 */
export function densityOf(statistics: TensorStatistics): Density {
  const { finite, zeros, min, max, octaves } = statistics;
  const side = (negative: boolean, from: number, to: number) =>
    sideOf(
      octaves.filter((octave) => octave.negative === negative),
      from,
      to,
    );
  return {
    finite,
    zeros,
    min,
    max,
    negative: side(true, Math.max(0, -max), -min),
    positive: side(false, Math.max(0, min), max),
  };
}

function sideOf(octaves: readonly Octave[], from: number, to: number): Side {
  let size = 0;
  for (const { counts } of octaves) for (let k = 0; k < counts.length; k++) if ((counts[k] as number) > 0) size++;
  const lower = new Float64Array(size);
  const upper = new Float64Array(size);
  const count = new Float64Array(size);
  let at = 0;
  for (const { exponent, bits, counts } of octaves) {
    const start = exponent === 0 ? 0 : 2 ** (exponent - 127);
    const width = 2 ** (Math.max(exponent, 1) - 127 - bits);
    for (let k = 0; k < counts.length; k++) {
      const values = counts[k] as number;
      if (values === 0) continue;
      lower[at] = start + k * width;
      upper[at] = start + (k + 1) * width;
      count[at] = values;
      at++;
    }
  }
  if (size > 0) {
    lower[0] = Math.max(lower[0] as number, from);
    upper[size - 1] = to;
    if (count[size - 1] === 1) lower[size - 1] = to;
    if (count[0] === 1 && from > 0) upper[0] = lower[0] as number;
  }
  return { size, lower, upper, count, ...totals(size, lower, upper, count) };
}

function totals(size: number, lower: Float64Array, upper: Float64Array, count: Float64Array) {
  const number = new Float64Array(size + 1);
  const sum = new Float64Array(size + 1);
  const squares = new Float64Array(size + 1);
  for (let i = 0; i < size; i++) {
    const [a, b, n] = [lower[i] as number, upper[i] as number, count[i] as number];
    number[i + 1] = (number[i] as number) + n;
    sum[i + 1] = (sum[i] as number) + (n * (a + b)) / 2;
    squares[i + 1] = (squares[i] as number) + (n * (a * a + a * b + b * b)) / 3;
  }
  return { number, sum, squares };
}

/** The first bin from `from` on that ends above `magnitude`; `size` when none does. */
export function binAbove(side: Side, magnitude: number, from = 0): number {
  let first = from;
  let last = side.size;
  while (first < last) {
    const middle = (first + last) >>> 1;
    if ((side.upper[middle] as number) > magnitude) last = middle;
    else first = middle + 1;
  }
  return first;
}

/** What `binAbove` gives, found from a bin that is likely near it, none before `from`: a step or two where it is. */
export function binAboveNear({ upper, size }: Side, magnitude: number, from: number, likely: number): number {
  let first = from;
  let last = size;
  if (likely < size && (upper[likely] as number) > magnitude) {
    last = likely;
    for (let step = 1; last - step >= from; step *= 2) {
      if ((upper[last - step] as number) <= magnitude) {
        first = last - step + 1;
        break;
      }
      last -= step;
    }
  } else if (likely < size) {
    first = likely + 1;
    for (let step = 1; first + step <= size; step *= 2) {
      if ((upper[first + step - 1] as number) > magnitude) {
        last = first + step - 1;
        break;
      }
      first += step;
    }
  }
  while (first < last) {
    const middle = (first + last) >>> 1;
    if ((upper[middle] as number) > magnitude) last = middle;
    else first = middle + 1;
  }
  return first;
}

/** Expected number of a side's magnitudes that are at most `magnitude`. */
export function numberUpTo(side: Side, magnitude: number): number {
  return numberBefore(side, magnitude, binAbove(side, magnitude));
}

/** Expected number of a side's magnitudes that are less than `magnitude`. */
export function numberBelow(side: Side, magnitude: number): number {
  const bin = binAbove(side, magnitude);
  const pointBefore = bin > 0 && side.lower[bin - 1] === magnitude;
  return numberBefore(side, magnitude, pointBefore ? bin - 1 : bin);
}

function numberBefore(side: Side, magnitude: number, bin: number): number {
  const number = side.number[bin] as number;
  if (bin === side.size) return number;
  const [a, b] = [side.lower[bin] as number, side.upper[bin] as number];
  return magnitude <= a ? number : number + ((side.count[bin] as number) * (magnitude - a)) / (b - a);
}
