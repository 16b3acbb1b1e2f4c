import { joinFeeds } from "../data/joinFeeds.ts";
import type { Throughput } from "../model/evaluation.ts";
import type { JobContext } from "../model/job.ts";
import type { Session } from "../model/runtime.ts";
import type { TensorMap } from "../model/tensor.ts";
import { quantile } from "../numerics/interval.ts";

const BATCHES = [1, 2, 4, 8, 16, 32, 64];
const RUNS = 5;
/** No batch is begun of which a run would take longer, nor one after so long, milliseconds. */
const RUN_MS = 1000;
const ALL_MS = 6000;

/**
 * Samples a second of both sessions, by how many are run at a time, 1 to 64: the sample again and again, medians of up to five runs in turn after one
 * that warms up. Of models alone whose inputs all begin with one open dimension, the batch, and whose outputs follow it: empty otherwise. Batches
 * are left out that would take more than a second a run, or that a session does not take. `milliseconds` is what the slower of both takes for one sample.
 */
export async function measureThroughput(
  float: Session,
  quantized: Session,
  feeds: TensorMap,
  milliseconds: number,
  { signal, report }: JobContext,
): Promise<Throughput[]> {
  if (!takesBatches(float, feeds) || !takesBatches(quantized, feeds) || 2 * milliseconds > RUN_MS) return [];
  const measured: Throughput[] = [];
  const start = performance.now();
  for (const batch of BATCHES) {
    signal.throwIfAborted();
    const last = measured.at(-1);
    const slowest = last ? Math.min(last.float, last.quantized) : Infinity;
    if ((1000 * batch) / slowest > RUN_MS || performance.now() - start > ALL_MS) break;
    report({ task: "Timing batches", done: BATCHES.indexOf(batch), total: BATCHES.length, unit: "batches" });
    const joined = joinFeeds(Array.from({ length: batch }, () => feeds));
    const times = await timesOf(float, quantized, joined, batch, signal).catch(() => {
      signal.throwIfAborted();
      return null;
    });
    if (times === null) break;
    const rate = (milliseconds: readonly number[]) => (1000 * batch) / quantile(milliseconds, 0.5);
    measured.push({ batch, float: rate(times.float), quantized: rate(times.quantized) });
  }
  return measured.length > 1 ? measured : [];
}

/** Null where an output does not begin with the batch. */
async function timesOf(float: Session, quantized: Session, feeds: TensorMap, batch: number, signal: AbortSignal) {
  const times = { float: [] as number[], quantized: [] as number[] };
  const start = performance.now();
  for (let run = 0; run <= RUNS && (run < 2 || performance.now() - start < RUN_MS); run++) {
    signal.throwIfAborted();
    for (const [kind, session] of [["float", float] as const, ["quantized", quantized] as const]) {
      const outputs = await session.run(feeds);
      if ([...outputs.values()].some(({ dims }) => dims[0] !== batch)) return null;
      if (run > 0) times[kind].push(session.lastRunTime);
    }
  }
  return times;
}

function takesBatches({ inputs }: Session, feeds: TensorMap): boolean {
  const batch = inputs[0]?.dims[0];
  return (
    typeof batch === "string" && inputs.every(({ name, dims }) => dims[0] === batch && feeds.get(name)?.dims[0] === 1)
  );
}
