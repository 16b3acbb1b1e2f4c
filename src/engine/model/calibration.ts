import type { Notice } from "./job.ts";
import type { Preprocess } from "./preprocess.ts";
import type { Statistics } from "./statistics.ts";

/** What a calibration has learnt: complete, or as far as it came. Structured-cloneable, kept over reloads. */
export interface Calibration {
  readonly model: { readonly name: string; readonly sha256: string };
  /** Whether the model was equalized before it was observed (Corrections): statistics of one do not fit the other. */
  readonly equalized: boolean;
  readonly statistics: Statistics;
  /** Indices of the samples observed, ascending, and of those that could not be read. */
  readonly observed: readonly number[];
  readonly skipped: readonly number[];
  readonly wanted: number;
  readonly preprocess: Preprocess | null;
  readonly executor: { readonly runtime: string; readonly threads: number; readonly batch: number };
  readonly notices: readonly Notice[];
}
