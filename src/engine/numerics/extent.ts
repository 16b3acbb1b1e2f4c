import type { Range } from "../model/range.ts";
import { clamp } from "../values/clamp.ts";
import { exponentOf } from "./floatBits.ts";

/** The finite extremes of some values (+Infinity and -Infinity where none is finite), and which infinities they hold. */
export interface Extent {
  readonly low: number;
  readonly high: number;
  readonly negativeInfinity: boolean;
  readonly positiveInfinity: boolean;
}

export const NOTHING: Extent = { low: Infinity, high: -Infinity, negativeInfinity: false, positiveInfinity: false };

export function widen(a: Extent, b: Extent): Extent {
  return {
    low: Math.min(a.low, b.low),
    high: Math.max(a.high, b.high),
    negativeInfinity: a.negativeInfinity || b.negativeInfinity,
    positiveInfinity: a.positiveInfinity || b.positiveInfinity,
  };
}

/** The extent of the same values clamped: an infinity becomes the bound on its side, where that is finite. */
export function clampExtent(extent: Extent, { low, high }: Range): Extent {
  const ends = extent.low <= extent.high ? [clamp(extent.low, low, high) + 0, clamp(extent.high, low, high) + 0] : [];
  const negativeInfinity = extent.negativeInfinity && low === -Infinity;
  const positiveInfinity = extent.positiveInfinity && high === Infinity;
  if (extent.negativeInfinity && !negativeInfinity) ends.push(low + 0);
  if (extent.positiveInfinity && !positiveInfinity) ends.push(high + 0);
  return { low: Math.min(...ends), high: Math.max(...ends), negativeInfinity, positiveInfinity };
}

/** The biased exponent of the largest finite magnitude; -1 where there is none but zeros. */
export function largestExponent({ low, high }: Extent): number {
  return low <= high ? Math.max(exponentOf(low), exponentOf(high)) : -1;
}
