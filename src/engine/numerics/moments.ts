import type { TensorStatistics } from "../model/statistics.ts";
import { densityOf } from "./density.ts";

/** Mean and standard deviation of a tensor's finite values, as its histogram has them; NaN where there are none. */
export function momentsOf(statistics: TensorStatistics): { readonly mean: number; readonly deviation: number } {
  const { finite, negative, positive } = densityOf(statistics);
  const mean = (positive.sum[positive.size]! - negative.sum[negative.size]!) / finite;
  const square = (positive.squares[positive.size]! + negative.squares[negative.size]!) / finite;
  return { mean, deviation: Math.sqrt(Math.max(0, square - mean * mean)) };
}
