import { evaluateSessions } from "../evaluation/evaluate.ts";
import { fitFeeds } from "../evaluation/halfInputs.ts";
import type { Dataset, Sample } from "../model/dataset.ts";
import type { Evaluation } from "../model/evaluation.ts";
import type { JobContext } from "../model/job.ts";
import type { ModelFile, Runtime, Session } from "../model/runtime.ts";
import type { TensorMap } from "../model/tensor.ts";
import { type Clipping, ClipWatch } from "./clipping.ts";
import { firstReadable, readOrNull } from "./samples.ts";
import { fitsTwice, loadQuantized, loadSession, quickestSession } from "./session.ts";

export interface EvaluationJob {
  readonly float: { readonly file: ModelFile; readonly bytes: number };
  readonly quantized: {
    readonly file: ModelFile;
    readonly bytes: number;
    /** Whether layers compute in bfloat16, which is said where it does not load. */
    readonly computesBfloats?: boolean;
  };
  readonly skip: number;
  readonly samples: number;
  /** The drop of top-1 allowed, as a share. */
  readonly limit: number;
  /** Outputs of which data decides how many rows they have; none when absent. */
  readonly dataShaped?: ReadonlySet<string>;
  /** What the machine is called in the result. */
  readonly machine: string;
  /** Whether the start is timed too, for which both are loaded again, and throughput by batch. */
  readonly speeds?: boolean;
  /** What clip ranges there are to count by; none when absent. */
  readonly clipping?: Clipping | null;
}

/**
 * Evaluates a quantized file against the float one, both in one runtime with the same number of threads.
 * Throws InputError when one of them does not load, no sample can be read, or the two do not belong together.
 */
export async function evaluateModels(
  job: EvaluationJob,
  dataset: Dataset,
  runtime: Runtime,
  context: JobContext,
): Promise<Evaluation> {
  context.report({ task: "Starting ONNX Runtime", done: 0, total: job.samples, unit: "samples" });
  const sample = await firstReadable(dataset, job.skip, job.samples);
  const { session: float, threads } = await quickestSession(runtime, job.float.file, sample, "The float model");
  const { clipping = null } = job;
  const beside = clipping && fitsTwice(clipping.file) ? await ClipWatch.open(clipping, runtime, threads) : null;
  let evaluation: Evaluation;
  let inputs: Session["inputs"] = [];
  try {
    const quantized = await loadQuantized(runtime, job.quantized.file, { threads }, job.quantized.computesBfloats);
    inputs = quantized.inputs;
    try {
      const bytes = { float: job.float.bytes, quantized: job.quantized.bytes };
      const watch = beside ? { watch: (feeds: TensorMap) => beside.add(feeds) } : {};
      const request = { ...job, bytes, runtime: runtime.label, threads, batches: job.speeds ?? false, ...watch };
      evaluation = await evaluateSessions(float, quantized, dataset, request, context);
    } finally {
      await quantized.dispose();
    }
  } finally {
    await Promise.all([float.dispose(), beside?.dispose()]);
  }
  if (beside) evaluation = beside.into(evaluation);
  else if (clipping) evaluation = await withClipped(evaluation, clipping, job, dataset, runtime, context);
  if (!job.speeds) return evaluation;
  const started = await withStarts(evaluation, job, sample, runtime, context);
  return withMemory(started, job, { ...sample, feeds: fitFeeds(sample.feeds, inputs) }, sample, runtime, context);
}

/** With what each takes of memory where the runtime can tell, and the files need not be in memory once more for it. `fitted` is the sample as the quantized file takes it. */
async function withMemory(
  evaluation: Evaluation,
  { float, quantized }: EvaluationJob,
  fitted: Sample,
  { feeds }: Sample,
  runtime: Runtime,
  { signal, report }: JobContext,
): Promise<Evaluation> {
  const isLight = [float, quantized].every(({ file }) => file.linked !== undefined || fitsTwice(file));
  const free = runtime.freeBytes?.() ?? Number.POSITIVE_INFINITY;
  if (!runtime.peakBytes || !isLight || 2 * Math.max(float.bytes, quantized.bytes) > free) return evaluation;
  const peaks: number[] = [];
  for (const [done, { file }] of [float, quantized].entries()) {
    signal.throwIfAborted();
    report({ task: "Measuring memory", done, total: 2, unit: "models" });
    const peak = await runtime
      .peakBytes(file, file === float.file ? feeds : fitted.feeds, evaluation.latency.threads)
      .catch(() => null);
    if (peak !== null) peaks.push(peak);
  }
  signal.throwIfAborted();
  const [ours, theirs] = peaks;
  return ours === undefined || theirs === undefined
    ? evaluation
    : { ...evaluation, memory: { float: ours, quantized: theirs } };
}

/** With what clip ranges cut off, counted in another run of the samples: of a large model there is one float session at a time. */
async function withClipped(
  evaluation: Evaluation,
  clipping: Clipping,
  { skip, samples }: EvaluationJob,
  dataset: Dataset,
  runtime: Runtime,
  { signal, report }: JobContext,
): Promise<Evaluation> {
  const watch = await ClipWatch.open(clipping, runtime, evaluation.latency.threads);
  try {
    const end = Math.min(skip + samples, dataset.length);
    for (let index = skip; index < end && !watch.hasFailed; index++) {
      signal.throwIfAborted();
      report({ task: "Counting what is clipped", done: index - skip, total: end - skip, unit: "samples" });
      const sample = await readOrNull(dataset, index);
      if (sample) await watch.add(sample.feeds);
    }
  } finally {
    await watch.dispose();
  }
  return watch.into(evaluation);
}

/**
 * With the time from the files to the end of the first run: both are loaded again, after whatever the runtime begins with. Where one does not
 * load a second time the evaluation stays as it is.
 */
async function withStarts(
  evaluation: Evaluation,
  job: EvaluationJob,
  sample: Sample,
  runtime: Runtime,
  { signal, report }: JobContext,
): Promise<Evaluation> {
  const { latency } = evaluation;
  const { threads } = latency;
  const startOf = async (open: () => Promise<Session>, done: number) => {
    signal.throwIfAborted();
    report({ task: "Timing the start", done, total: 2, unit: "models" });
    const start = performance.now();
    const session = await open();
    try {
      await session.run(sample.feeds);
      return performance.now() - start;
    } finally {
      await session.dispose();
    }
  };
  try {
    const openFloat = () => loadSession(runtime, job.float.file, { threads }, "The float model");
    const float = { ...latency.float, start: await startOf(openFloat, 0) };
    const openQuantized = () => loadQuantized(runtime, job.quantized.file, { threads });
    const quantized = { ...latency.quantized, start: await startOf(openQuantized, 1) };
    return { ...evaluation, latency: { ...latency, float, quantized } };
  } catch {
    signal.throwIfAborted();
    return evaluation;
  }
}

export { isTokenInput } from "../evaluation/nextTokens.ts";
