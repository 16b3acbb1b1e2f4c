import type { TensorStatistics } from "../../model/statistics.ts";
import { Observer } from "../observer.ts";

/** The statistics of the given samples, numbered from 0. */
export function observe(...samples: readonly (Float32Array | readonly number[])[]): TensorStatistics {
  const observer = new Observer();
  samples.forEach((sample, index) => {
    observer.observe(Float32Array.from(sample), index);
  });
  return observer.statistics();
}
