import type { ExecutorRecord } from "../model/calibration.ts";
import { PROVIDERS } from "../model/runtime.ts";
import type { Field } from "./field.ts";

/** Reads what ran the samples of a calibration. Throws InputError when a field is wrong or unknown. */
export function readExecutors(field: Field): ExecutorRecord[] {
  return field.list((executor) => {
    executor.only("runtime", "provider", "workers", "threads", "batch", "samples");
    return {
      runtime: executor.at("runtime").string(),
      provider: executor.at("provider").oneOf(PROVIDERS),
      workers: executor.at("workers").integer(1),
      threads: executor.at("threads").integer(1),
      batch: executor.at("batch").integer(1),
      samples: executor.at("samples").integer(0),
    };
  });
}
