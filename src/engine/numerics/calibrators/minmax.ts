import type { Range } from "../../model/range.ts";
import type { TensorStatistics } from "../../model/statistics.ts";

/** The exact finite extremes. */
export function minmaxRange(statistics: TensorStatistics): Range {
  return { low: statistics.min, high: statistics.max };
}
