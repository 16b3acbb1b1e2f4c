import type { Latency } from "../model/evaluation.ts";
import type { JobContext } from "../model/job.ts";
import type { Session } from "../model/runtime.ts";
import type { TensorMap } from "../model/tensor.ts";
import { quantile } from "../numerics/interval.ts";

const WARM_UP_RUNS = 50;
const WARM_UP_MS = 2000;
const TIMED_RUNS = 100;
const TIMED_MS = 4000;

/**
 * Times both sessions on one sample, one after the other in one loop, after a warm-up: up to 100 runs each, fewer
 * when they take more than four seconds.
 */
export async function measureLatency(
  float: Session,
  quantized: Session,
  feeds: TensorMap,
  context: JobContext,
): Promise<{ readonly float: Latency; readonly quantized: Latency; readonly runs: number }> {
  const times = { float: [] as number[], quantized: [] as number[] };
  const loop = async (runs: number, milliseconds: number, keep: boolean) => {
    const start = performance.now();
    for (let run = 0; run < runs && performance.now() - start < milliseconds; run++) {
      context.signal.throwIfAborted();
      if (keep) context.report({ task: "Timing", done: run, total: runs, unit: "runs" });
      await float.run(feeds);
      await quantized.run(feeds);
      if (!keep) continue;
      times.float.push(float.lastRunTime);
      times.quantized.push(quantized.lastRunTime);
    }
  };
  await loop(WARM_UP_RUNS, WARM_UP_MS, false);
  await loop(TIMED_RUNS, TIMED_MS, true);
  const latency = (values: readonly number[]): Latency => ({
    p50: quantile(values, 0.5),
    p95: quantile(values, 0.95),
    p99: quantile(values, 0.99),
  });
  return { float: latency(times.float), quantized: latency(times.quantized), runs: times.float.length };
}
