import { evaluateSessions } from "../evaluation/evaluate.ts";
import type { Dataset } from "../model/dataset.ts";
import type { Evaluation } from "../model/evaluation.ts";
import type { JobContext } from "../model/job.ts";
import type { ModelFile, Runtime } from "../model/runtime.ts";
import { firstReadable } from "./samples.ts";
import { loadSession, quickestSession } from "./session.ts";

export interface EvaluationJob {
  readonly float: { readonly file: ModelFile; readonly bytes: number };
  readonly quantized: { readonly file: ModelFile; readonly bytes: number };
  readonly skip: number;
  readonly samples: number;
  /** The drop of top-1 allowed, as a share. */
  readonly limit: number;
  /** Outputs of which data decides how many rows they have; none when absent. */
  readonly dataShaped?: ReadonlySet<string>;
  /** What the machine is called in the result. */
  readonly machine: string;
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
  try {
    const quantized = await loadSession(runtime, job.quantized.file, { threads }, "The quantized model");
    try {
      const bytes = { float: job.float.bytes, quantized: job.quantized.bytes };
      const request = { ...job, bytes, runtime: runtime.label, threads };
      return await evaluateSessions(float, quantized, dataset, request, context);
    } finally {
      await quantized.dispose();
    }
  } finally {
    await float.dispose();
  }
}

export { isTokenInput } from "../evaluation/nextTokens.ts";
