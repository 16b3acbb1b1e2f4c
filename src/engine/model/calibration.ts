import {
  about,
  ascending,
  count,
  fields,
  flag,
  integer,
  list,
  maybe,
  nullable,
  type Of,
  oneOf,
  text,
} from "../schema/define.ts";
import { NOTICE } from "./job.ts";
import { PREPROCESS } from "./preprocess.ts";
import { MODEL_NAME, PRINTS, SEED } from "./recipe.ts";
import { PROVIDERS, type Provider } from "./runtime.ts";
import { STATISTICS } from "./statistics.ts";

/** One way in which samples were run. No runtime promises the same bits for another. */
const EXECUTOR_RECORD = fields({
  runtime: about("With version: onnxruntime-web 1.30.0, WASM SIMD and the like.", text),
  provider: oneOf(PROVIDERS),
  workers: about("Workers that ran side by side.", integer(1)),
  threads: about("Threads of each worker.", integer(1)),
  batch: about("Samples of one run.", integer(1)),
  samples: about("How many samples it observed.", count),
});
export type ExecutorRecord = Of<typeof EXECUTOR_RECORD>;

/** What a person fixes about how samples are run; null leaves it to a short trial. */
export interface Execution {
  readonly provider: Provider | null;
  readonly workers: number | null;
  readonly threads: number | null;
  readonly batch: number | null;
}

/** A short trial decides everything. */
export const AUTOMATIC: Execution = { provider: null, workers: null, threads: null, batch: null };

/** How samples were observed: what a cache and a report say of it alike. */
export const OBSERVATION = {
  equalized: about(
    "Whether the model was equalized before it was observed: statistics of one do not fit the other.",
    flag,
  ),
  smoothed: about(
    "Whether the model was smoothed before it was observed; absent where not. Statistics of one do not fit the other.",
    maybe(flag),
  ),
  scaling: about(
    "Tells the factors of equalization and smoothing that the model was observed under from others: statistics of one do not fit another. Absent without factors, and in a calibration from before it was said.",
    maybe(text),
  ),
  seed: SEED,
  observed: about("Indices of the samples observed, in that order, rising.", ascending),
  skipped: about("Indices of the samples that could not be read, rising.", ascending),
  wanted: about("Samples asked for.", count),
  preprocess: nullable(PREPROCESS),
  prints: PRINTS,
  executors: about(
    "What ran the samples, in the order it began; more than one where a run went on elsewhere. Other runtimes, threads or batches need not give the same bits.",
    list(EXECUTOR_RECORD),
  ),
};

/** What a calibration has learned: complete, or as far as it came. Structured-cloneable, kept over reloads. */
export const CALIBRATION = fields({ model: MODEL_NAME, statistics: STATISTICS, ...OBSERVATION, notices: list(NOTICE) });
export type Calibration = Of<typeof CALIBRATION>;
