import type { Range } from "../../model/range.ts";
import type { TensorStatistics } from "../../model/statistics.ts";

/** `averaging_constant` of ONNX Runtime's MinMaxCalibrater and PyTorch's MovingAverageMinMaxObserver. */
const CONSTANT = 0.01;

/**
 * The exponential moving average of the samples' extremes in the order of their index, starting at the first:
 * a += 0.01 * (x - a).
 */
export function averageRange(statistics: TensorStatistics): Range {
  const average = (values: readonly number[]) => values.reduce((state, value) => state + CONSTANT * (value - state));
  const low = average(statistics.samples.min);
  return { low, high: Math.max(low, average(statistics.samples.max)) };
}
