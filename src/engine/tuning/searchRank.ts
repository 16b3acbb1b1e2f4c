import type { TuneLimit, TunePoint, TuneRequest } from "../model/tuning.ts";

type Figures = Pick<TunePoint, "bytes" | "sqnr" | "top1" | "perplexity" | "expected" | "latency" | "passed">;

/** Half a step of what shares of samples are rounded to. */
const SHARE_TOLERANCE = 1e-12;

/**
 * Whether figures keep a limit. A drop has to be kept as measured and as expected, the latter but for `slack`, a share; without labels perplexity
 * may rise so much, and without either it is never kept.
 */
export function keeps(
  limit: TuneLimit,
  figures: Pick<Figures, "top1" | "perplexity" | "expected" | "sqnr">,
  slack = 0,
): boolean {
  if (limit.kind === "sqnr") return figures.sqnr >= limit.decibels;
  const { top1, expected } = figures;
  const isExpected = top1 === null || (expected ?? Infinity) <= limit.share + slack + SHARE_TOLERANCE;
  return isExpected && (top1?.drop ?? dropOf(figures)) <= limit.share + SHARE_TOLERANCE;
}

/** The larger of the measured and the expected drop; without labels the rise of perplexity, infinite where there is none. */
function dropOf({ top1, perplexity, expected }: Pick<Figures, "top1" | "perplexity" | "expected">): number {
  return top1 === null ? (perplexity?.rise ?? Infinity) : Math.max(top1.drop, expected ?? Infinity);
}

/**
 * Orders points, best first: those that keep the limit by the goal (fewer bytes, or less time and then fewer bytes) and
 * then by SQNR; after them the others by how near they come to the limit.
 */
export function compareBy({ limit, goal }: Pick<TuneRequest, "limit" | "goal">): (a: Figures, b: Figures) => number {
  const time = ({ latency }: Figures) => (goal === "latency" ? (latency ?? Infinity) : 0);
  const miss = (point: Figures) => (limit.kind === "drop" ? dropOf(point) : -point.sqnr);
  const keys = [
    ({ passed }: Figures) => (passed ? 0 : 1),
    (point: Figures) => (point.passed ? 0 : miss(point)),
    (point: Figures) => (point.passed ? time(point) : 0),
    (point: Figures) => (point.passed ? point.bytes : 0),
    ({ sqnr }: Figures) => -sqnr,
    time,
    ({ bytes }: Figures) => bytes,
  ];
  return (a, b) => {
    for (const key of keys) {
      const [first, second] = [key(a), key(b)];
      if (first !== second) return first < second ? -1 : 1;
    }
    return 0;
  };
}

/** Index of the best point by an order; the earliest among equals. */
export function bestOf(points: readonly Figures[], compare: (a: Figures, b: Figures) => number): number {
  return points.reduce((best, point, i) => (compare(point, points[best]!) < 0 ? i : best), 0);
}
