import type { TunePoint } from "../model/tuning.ts";

type Point = Pick<TunePoint, "decisions" | "label" | "bytes" | "sqnr" | "latency">;

/** What one decision on the way to a point did, against the point that it was made at. */
export interface Step {
  readonly label: string;
  /** More bytes, dB and milliseconds, negative where it is less; milliseconds are null where none were measured. */
  readonly bytes: number;
  readonly sqnr: number;
  readonly latency: number | null;
}

/** The decisions that led to a point, in their order, each with what it gained and cost as measured. */
export function stepsTo<P extends Point>(points: readonly P[], index: number): readonly Step[] {
  const byDecisions = new Map(points.map((point) => [JSON.stringify(point.decisions), point]));
  const { decisions } = points[index]!;
  const passed = [...decisions.keys(), decisions.length].flatMap(
    (count) => byDecisions.get(JSON.stringify(decisions.slice(0, count))) ?? [],
  );
  return passed.slice(1).map((after, at) => {
    const before = passed[at]!;
    const isTimed = before.latency !== null && after.latency !== null;
    return {
      label: after.label,
      bytes: after.bytes - before.bytes,
      sqnr: after.sqnr - before.sqnr,
      latency: isTimed ? after.latency! - before.latency! : null,
    };
  });
}
