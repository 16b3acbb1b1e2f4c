/** A target, and what was measured. */
export interface Verdict {
  readonly target: string;
  readonly measured: number;
  readonly limit: number;
  readonly unit: string;
  readonly met: boolean;
}

export function atMost(target: string, measured: number, limit: number, unit = "x"): Verdict {
  return { target, measured, limit, unit, met: measured <= limit };
}

export function atLeast(target: string, measured: number, limit: number, unit = "x"): Verdict {
  return { target, measured, limit, unit, met: measured >= limit };
}

/** The middle value, the mean of the two middle ones where their number is even; NaN of none. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length / 2;
  if (sorted.length === 0) return Number.NaN;
  if (sorted.length % 2 === 1) return sorted[Math.floor(middle)] as number;
  return ((sorted[middle - 1] as number) + (sorted[middle] as number)) / 2;
}
