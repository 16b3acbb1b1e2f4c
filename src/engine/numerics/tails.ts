import type { Range } from "../model/range.ts";
import { binAbove, type Density, numberUpTo, type Side } from "./density.ts";

const HALVINGS = 60;

/**
 * The magnitude that a share of the finite values does not exceed, 0 < share <= 1, estimated within a bin.
 * 0 without values.
 */
export function magnitudeQuantile(density: Density, share: number): number {
  const { negative, positive, zeros, finite } = density;
  const wanted = share * finite;
  let low = 0;
  let high = Math.max(0, -density.min, density.max);
  if (finite === 0 || zeros >= wanted) return 0;
  for (let halving = 0; halving < HALVINGS; halving++) {
    const middle = (low + high) / 2;
    if (zeros + numberUpTo(negative, middle) + numberUpTo(positive, middle) >= wanted) high = middle;
    else low = middle;
  }
  return high;
}

/** Mean squared distance, over all finite values, of those outside `range` to its nearer end; the range holds zero. */
export function clippingError({ negative, positive, finite }: Density, { low, high }: Range): number {
  if (finite === 0) return 0;
  return (squaredExcess(negative, -low) + squaredExcess(positive, high)) / finite;
}

/** Sum of (x - bound)^2 over a side's magnitudes x above `bound`, spread evenly within their bins. */
function squaredExcess(side: Side, bound: number): number {
  const cut = binAbove(side, bound);
  let sum = 0;
  for (let bin = cut; bin < side.size; bin++) {
    const from = Math.max(side.lower[bin] as number, bound);
    const to = side.upper[bin] as number;
    const width = to - (side.lower[bin] as number);
    const number = (side.count[bin] as number) * (width > 0 ? (to - from) / width : 1);
    const [a, b] = [from - bound, to - bound];
    sum += (number * (a * a + a * b + b * b)) / 3;
  }
  return sum;
}
