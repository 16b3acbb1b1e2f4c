import type { Range } from "../model/range.ts";
import { clampExtent, type Extent, largestExponent } from "./extent.ts";
import { exponentOf } from "./floatBits.ts";
import { bitsAt } from "./resolution.ts";

/** A page is a float32's top nine bits: sign and exponent. */
export const PAGES = 512;
export const NEGATIVE = 256;
export const NO_CELLS = -1;

/**
 * The mantissa bits that a tally keeps of each page, enough for the statistics of what was seen and for those of its
 * values clamped to each of `clamps`; NO_CELLS where nothing can have been seen. Bits only ever fall as the extent grows,
 * but for pages without a count: what is kept is at any time what it would be had the whole extent been known at once.
 */
export function tallyBits(extent: Extent, clamps: readonly Range[]): Int8Array {
  const bits = new Int8Array(PAGES).fill(NO_CELLS);
  const largest = largestExponent(extent);
  const reaches = clamps.map((clamp) => largestExponent(clampExtent(extent, clamp)));
  const fill = (page: number, end: number, bounds: readonly number[]) => {
    for (let exponent = 0; exponent <= Math.max(0, end); exponent++) {
      let most = bitsAt(largest - exponent);
      for (const [i, bound] of bounds.entries()) {
        if (exponent <= bound) most = Math.max(most, bitsAt((reaches[i] as number) - exponent));
      }
      bits[page + exponent] = most;
    }
  };
  fill(
    0,
    exponentOf(Math.max(extent.high, 0)),
    clamps.map(({ high }) => exponentOf(Math.max(high, 0))),
  );
  fill(
    NEGATIVE,
    exponentOf(Math.min(extent.low, 0)),
    clamps.map(({ low }) => exponentOf(Math.min(low, 0))),
  );
  return bits;
}
