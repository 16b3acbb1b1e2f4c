import type { runOf } from "./machine.ts";

/** What a run of all parts may take, seconds. */
const HOUR = 3600;

/** A part, and what its document says of the run that wrote it last. */
export interface Written {
  readonly name: string;
  readonly run: ReturnType<typeof runOf>;
}

/** Those that were never measured first, then by the day of their last run, and of one day the longest first. */
export function byAge(parts: readonly Written[]): Written[] {
  const [day, seconds] = [({ run }: Written) => run?.day ?? "", ({ run }: Written) => run?.seconds ?? 0];
  return parts.toSorted((a, b) => day(a).localeCompare(day(b)) || seconds(b) - seconds(a));
}

/**
 * Whether a part can be begun after so many seconds, if it takes what it took last. One that was never measured can while time is left, and the first
 * of a run in any case, so that none is left for ever.
 */
export function fitsTheHour({ run }: Written, elapsed: number, isFirst: boolean): boolean {
  return isFirst || elapsed + (run?.seconds ?? 0) <= HOUR;
}
