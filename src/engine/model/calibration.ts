import type { Notice } from "./job.ts";
import type { Preprocess } from "./preprocess.ts";
import type { Provider } from "./runtime.ts";
import type { Statistics } from "./statistics.ts";

/** One way in which samples were run. No runtime promises the same bits for another. */
export interface ExecutorRecord {
  /** "onnxruntime-web 1.30.0, WASM SIMD" and the like. */
  readonly runtime: string;
  readonly provider: Provider;
  /** Workers that ran side by side, the threads of each, and the samples of one run. */
  readonly workers: number;
  readonly threads: number;
  readonly batch: number;
  /** How many samples it observed. */
  readonly samples: number;
}

/** What a person fixes about how samples are run; null leaves it to a short trial. */
export interface Execution {
  readonly provider: Provider | null;
  readonly workers: number | null;
  readonly threads: number | null;
  readonly batch: number | null;
}

/** A short trial decides everything. */
export const AUTOMATIC: Execution = { provider: null, workers: null, threads: null, batch: null };

/** What a calibration has learned: complete, or as far as it came. Structured-cloneable, kept over reloads. */
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
  /** What ran the samples, in the order it began; more than one where a run went on elsewhere. */
  readonly executors: readonly ExecutorRecord[];
  readonly notices: readonly Notice[];
}
