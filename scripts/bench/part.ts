import type { Verdict } from "./verdict.ts";

export interface BenchOptions {
  /** One run of each instead of a median of several. */
  readonly quick: boolean;
}

/** A row by column name; figures come with their unit in the column's name. */
export type Row = Readonly<Record<string, string | number>>;

/** What one part of the benchmark came to: it is printed, and goes into the JSON as it is. */
export interface PartResult {
  readonly title: string;
  readonly rows: readonly Row[];
  readonly targets: readonly Verdict[];
  /** What was left out and why, and what else a reader of the figures has to know. */
  readonly notes: readonly string[];
}

export interface FailedPart {
  readonly title: string;
  readonly failure: string;
}

export type Part = (options: BenchOptions) => Promise<PartResult>;
