import type { Range } from "../model/range.ts";
import type { Octave, TensorStatistics } from "../model/statistics.ts";
import { clamp } from "../values/clamp.ts";
import { exponentOf, mantissaOf } from "./floatBits.ts";

/** How often values were seen, by octave and mantissa; an octave may be there in several parts. */
export type Counts = Omit<TensorStatistics, "min" | "max" | "samples">;

const FINEST_BITS = 12;

/**
 * The counts of the same values clamped to a range of float32 bounds. NaN stays NaN. Exact at any resolution: values on
 * either side of a bound within its cell end in that cell.
 */
export function clampCounts(counts: Counts, range: Range): Counts {
  const { low, high } = range;
  const moved = new Map<number, number>();
  const octaves: Octave[] = [];
  const move = (bound: number, count: number) => {
    if (count > 0) moved.set(bound, (moved.get(bound) ?? 0) + count);
  };
  for (const octave of counts.octaves) {
    const kept = clampOctave(octave, range, move);
    if (kept) octaves.push(kept);
  }
  if (high < Infinity) move(high, counts.positiveInfinity);
  if (low > -Infinity) move(low, counts.negativeInfinity);
  move(clamp(0, low, high) + 0, counts.zeros);
  const zeros = moved.get(0) ?? 0;
  moved.delete(0);
  for (const [bound, count] of moved) octaves.push(single(bound, count));
  const positiveInfinity = high < Infinity ? 0 : counts.positiveInfinity;
  const negativeInfinity = low > -Infinity ? 0 : counts.negativeInfinity;
  const bounded = counts.positiveInfinity - positiveInfinity + counts.negativeInfinity - negativeInfinity;
  return { finite: counts.finite + bounded, zeros, nan: counts.nan, positiveInfinity, negativeInfinity, octaves };
}

/** What of an octave lies within the range; the rest is moved to the bounds. */
function clampOctave(
  octave: Octave,
  { low, high }: Range,
  move: (bound: number, count: number) => void,
): Octave | null {
  const { exponent, negative, bits, counts } = octave;
  const [nearest, furthest] = negative ? [-high, -low] : [low, high];
  const from = firstCell(nearest, exponent, bits);
  const to = firstCell(furthest, exponent, bits);
  const inside = (k: number) => k >= from && k <= to;
  const all = counts.length;
  if (from <= 0 && to >= all - 1) return octave;
  const kept = new Float64Array(all);
  let left = 0;
  for (let k = 0; k < all; k++) {
    const count = counts[k] as number;
    if (inside(k)) {
      kept[k] = count;
      left += count;
    } else move(k < from === negative ? high : low, count);
  }
  return left > 0 ? { ...octave, counts: kept } : null;
}

/** The cell of an octave that holds a magnitude: -1 where it lies below the octave, Infinity where above. */
function firstCell(magnitude: number, exponent: number, bits: number): number {
  if (magnitude <= 0) return -1;
  const own = exponentOf(magnitude);
  if (own !== exponent) return own < exponent ? -1 : Infinity;
  return mantissaOf(magnitude, bits);
}

function single(value: number, count: number): Octave {
  const counts = new Float64Array(2 ** FINEST_BITS);
  counts[mantissaOf(value, FINEST_BITS)] = count;
  return { negative: value < 0, exponent: exponentOf(value), bits: FINEST_BITS, counts };
}
