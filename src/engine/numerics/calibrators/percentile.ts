import type { ActivationScheme, Range } from "../../model/range.ts";
import type { Density, Side } from "../density.ts";

/** The share of values that a percentile of 99.999 leaves out, ONNX Runtime's default. */
const CUT = 1e-5;

/**
 * The 99.999th percentile. Asymmetric: half of 0.001 % is cut at either end, so with k = floor(n * 0.000005) the
 * range goes from the (k + 1)-th smallest value to the (k + 1)-th largest. Symmetric: the (k + 1)-th largest
 * magnitude, k = floor(n * 0.00001), on both sides. Values are known to their bin, whose middle is returned, which is
 * at most one bin of a 2048-bin linear histogram away. Extremes (k = 0) are exact.
 */
export function percentileRange(density: Density, scheme: ActivationScheme): Range {
  const { finite, zeros, min, max, negative, positive } = density;
  if (scheme.symmetric) {
    const bound = largestMagnitude(density, Math.floor(finite * CUT));
    return { low: Math.max(min, -bound), high: Math.min(max, bound) };
  }
  const skipped = Math.floor((finite * CUT) / 2);
  if (skipped === 0) return { low: min, high: max };
  return {
    low: 0 - outermost(negative, zeros, positive, skipped),
    high: outermost(positive, zeros, negative, skipped),
  };
}

const middle = (side: Side, bin: number) => ((side.lower[bin] as number) + (side.upper[bin] as number)) / 2;

/** The value at `outer`'s end of the distribution after `skipped` others, positive towards `outer`. */
function outermost(outer: Side, zeros: number, inner: Side, skipped: number): number {
  let left = skipped;
  for (let bin = outer.size - 1; bin >= 0; bin--) {
    left -= outer.count[bin] as number;
    if (left < 0) return middle(outer, bin);
  }
  left -= zeros;
  if (left < 0) return 0;
  for (let bin = 0; bin < inner.size - 1; bin++) {
    left -= inner.count[bin] as number;
    if (left < 0) return -middle(inner, bin);
  }
  return -middle(inner, inner.size - 1);
}

/** The largest magnitude after `skipped` larger ones. */
function largestMagnitude({ min, max, negative, positive }: Density, skipped: number): number {
  if (skipped === 0) return Math.max(-min, max);
  let left = skipped;
  let below = negative.size - 1;
  let above = positive.size - 1;
  while (below >= 0 || above >= 0) {
    const fromBelow =
      above < 0 || (below >= 0 && (negative.upper[below] as number) > (positive.upper[above] as number));
    const [side, bin] = fromBelow ? [negative, below--] : [positive, above--];
    left -= side.count[bin] as number;
    if (left < 0) return middle(side, bin);
  }
  return 0;
}
