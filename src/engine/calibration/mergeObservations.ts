import type { ExecutorRecord } from "../model/calibration.ts";
import type { Notice } from "../model/job.ts";
import type { Statistics } from "../model/statistics.ts";
import { StatisticsSum } from "../numerics/observer.ts";

/** How far an observation has come. */
export interface Observation {
  readonly statistics: Statistics;
  /** Sample indices observed and those that could not be read, ascending. */
  readonly observed: readonly number[];
  readonly skipped: readonly number[];
  readonly executors: readonly ExecutorRecord[];
  readonly notices: readonly Notice[];
}

interface Told {
  readonly observed: readonly number[];
  readonly skipped: readonly number[];
  readonly executors: readonly ExecutorRecord[];
  readonly notices: Record<"notes" | "skipped", readonly Notice[]>;
}

/**
 * What one run over the samples of several would have observed, bit for bit: by the law of merging (model/statistics.ts), statistics are those of the
 * union, and so is what is said of them. Parts are given one after another, in any order, and their histograms are not kept. They are disjoint, and
 * watched the same tensors.
 */
export class ObservationMerge {
  readonly #statistics = new Map<string, StatisticsSum>();
  readonly #parts = new Map<number, Told>();

  /** Adds the part whose samples come in this place among those of all parts. */
  add(place: number, part: Observation): void {
    for (const [name, statistics] of part.statistics) {
      const sum = this.#statistics.get(name) ?? new StatisticsSum();
      sum.add(statistics);
      this.#statistics.set(name, sum);
    }
    const { observed, skipped, executors } = part;
    this.#parts.set(place, { observed, skipped, executors, notices: toldOf(part) });
  }

  result(): Observation {
    const parts = [...this.#parts].sort(([a], [b]) => a - b).map(([, part]) => part);
    const executors: ExecutorRecord[] = [];
    for (const part of parts) for (const executor of part.executors) addExecutor(executors, executor);
    const statistics = new Map([...this.#statistics].map(([name, sum]) => [name, sum.statistics()]));
    const notes = new Map(parts.flatMap(({ notices }) => notices.notes.map((note) => [note.message, note])));
    return {
      statistics,
      observed: parts.flatMap(({ observed }) => observed),
      skipped: parts.flatMap(({ skipped }) => skipped),
      executors,
      notices: [...notes.values(), ...parts.flatMap(({ notices }) => notices.skipped), ...nonFiniteNotices(statistics)],
    };
  }
}

/** An observation says first what was noted on the way, then what was skipped, then what was not finite. */
function toldOf({ notices, skipped, statistics }: Observation): Told["notices"] {
  const end = notices.length - nonFiniteNotices(statistics).length;
  return { notes: notices.slice(0, end - skipped.length), skipped: notices.slice(end - skipped.length, end) };
}

/** Adds a record to those there are; one that is alike counts its samples too. */
export function addExecutor(executors: ExecutorRecord[], executor: ExecutorRecord): void {
  const at = executors.findIndex((known) => isAlike(known, executor));
  const known = executors[at];
  if (!known) executors.push(executor);
  else executors[at] = { ...executor, samples: known.samples + executor.samples };
}

/** Whether two records differ in no more than how much was done side by side; the last word on that is kept. */
function isAlike(a: ExecutorRecord, b: ExecutorRecord): boolean {
  return a.runtime === b.runtime && a.provider === b.provider && a.threads === b.threads && a.batch === b.batch;
}

export function nonFiniteNotices(statistics: Statistics): Notice[] {
  const notices: Notice[] = [];
  for (const [name, { nan, positiveInfinity, negativeInfinity }] of statistics) {
    const infinite = positiveInfinity + negativeInfinity;
    if (nan + infinite === 0) continue;
    notices.push({
      kind: "warning",
      subject: name,
      message: `${name} held ${nan} NaN and ${infinite} infinite values, which calibration left out.`,
    });
  }
  return notices;
}
