interface Interval {
  readonly low: number;
  readonly high: number;
}

/** `value`, or the bound it lies beyond; `low` is at most `high`. NaN stays NaN. */
export function clamp(value: number, low: number, high: number): number {
  return value < low ? low : value > high ? high : value;
}

/** The part of a range within bounds, zero kept: of what a Relu or Clip lets through, a range takes no more than that. */
export function rangeWithin(range: Interval, bounds: Interval | null): Interval {
  if (!bounds) return range;
  return {
    low: Math.min(Math.max(range.low, bounds.low), 0),
    high: Math.max(Math.min(range.high, bounds.high), 0),
  };
}
