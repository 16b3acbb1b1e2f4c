import { isObject } from "../../schema/running.ts";
import { type Json, lacks, type PastShape } from "./shape.ts";

/** What calibrations of version 1, and what reports say of them, were before they had every field of today. */
export const PAST_CALIBRATIONS: readonly PastShape[] = [
  {
    // No model was equalized.
    is: (calibration) => hadOneExecutor(calibration) && lacks(calibration, "equalized"),
    next: (calibration) => ({ ...calibration, equalized: false }),
  },
  {
    // One session ran all samples, on ONNX Runtime for the processor.
    is: hadOneExecutor,
    next: ({ executor, ...calibration }) => ({
      ...calibration,
      executors: [only(executor as Json, calibration.observed)],
    }),
  },
  {
    // Samples were taken in the order of their paths, and nothing was kept that tells them from others.
    is: (calibration) => lacks(calibration, "seed", "prints"),
    next: (calibration) => ({ ...calibration, seed: null, prints: null }),
  },
];

function hadOneExecutor({ executor, executors }: Json): boolean {
  return isObject(executor) && executors === undefined;
}

function only(executor: Json, observed: unknown): Json {
  const provider = String(executor.runtime).startsWith("onnxruntime-web") ? "wasm" : "cpu";
  return { ...executor, provider, workers: 1, samples: Array.isArray(observed) ? observed.length : 0 };
}
