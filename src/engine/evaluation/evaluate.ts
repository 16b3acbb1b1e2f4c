import type { Dataset, Sample } from "../model/dataset.ts";
import type { Evaluation, OtherOutput } from "../model/evaluation.ts";
import { InputError, type JobContext, type Notice } from "../model/job.ts";
import type { Session } from "../model/runtime.ts";
import type { TensorMap } from "../model/tensor.ts";
import { assertComparable } from "./comparable.ts";
import { HalfInputLosses } from "./halfInputs.ts";
import { LabelledScores } from "./labelled.ts";
import { measureLatency } from "./latency.ts";
import { NextTokens, stepOf } from "./nextTokens.ts";
import { OutputComparison } from "./outputs.ts";
import { OwnStates } from "./ownStates.ts";
import { floatNotice } from "./plausibility.ts";
import { rowAxes } from "./rowSets.ts";
import { shortfalls } from "./shortfalls.ts";
import { measureThroughput } from "./throughput.ts";
import { widened } from "./widened.ts";

export interface EvaluationRequest {
  /** Samples skip..skip+samples of the dataset are judged. */
  readonly skip: number;
  readonly samples: number;
  /** The drop of top-1 allowed, or of perplexity the rise, as a share. */
  readonly limit: number;
  readonly bytes: Evaluation["bytes"];
  readonly runtime: string;
  readonly machine: string;
  readonly threads: number;
  /** Outputs of which data decides how many rows they have; none when absent. */
  readonly dataShaped?: ReadonlySet<string>;
  /** Whether throughput is measured by batch. */
  readonly batches?: boolean;
  /** Gets the inputs of each sample that is judged. */
  readonly watch?: (feeds: TensorMap) => Promise<void>;
}

/**
 * Runs a float and a quantized session side by side over samples and compares their outputs, then times both in turn.
 * Accuracy goes by the first output with one axis longer than 1, the class scores, or of a batch by each of its rows. No accuracy is given
 * of scores that are silent in the float model. Where the model gives scores for next tokens their perplexity is given, which is judged where there are no labels. Samples that cannot be read are left out and noted. What stands against the result comes
 * first of its notices. Along sequences each carries its own states. Throws InputError when none can be read, the two do not belong together, or a label is no class of the model.
 */
export async function evaluateSessions(
  float: Session,
  quantized: Session,
  dataset: Dataset,
  request: EvaluationRequest,
  context: JobContext,
): Promise<Evaluation> {
  assertComparable(float, quantized);
  const outputs = new OutputComparison(rowAxes(float.outputs, request.dataShaped ?? new Set()));
  const skipped: Notice[] = [];
  const end = Math.min(request.skip + request.samples, dataset.length);
  const total = end - request.skip;
  const scores = new LabelledScores();
  const given = new Set<string>();
  const own = new OwnStates(quantized, dataset);
  const next = new NextTokens();
  const lostInHalf = new HalfInputLosses(quantized);
  let last: Sample | null = null;
  let samples = 0;
  for (let index = request.skip; index < end; index++) {
    context.signal.throwIfAborted();
    context.report({ task: "Evaluating", done: index - request.skip, total, unit: "samples" });
    const sample = await readable(dataset, index, skipped);
    if (!sample) continue;
    last = sample;
    samples++;
    const expected = widened(await float.run(sample.feeds));
    for (const name of expected.keys()) given.add(name);
    const actual = widened(await own.run(index, sample.feeds));
    lostInHalf.add(sample.feeds);
    await request.watch?.(sample.feeds);
    outputs.add(expected, actual);
    next.add(sample.feeds, expected, actual, stepOf(dataset, index));
    scores.add(expected, actual, dataset.labels?.at(index) ?? null, sample.source);
  }
  if (!last) throw new InputError(`Not one of the ${total} samples could be read; ${skipped[0]?.message ?? ""}`);
  const accuracy = scores.output !== null && !outputs.variations.isSilent(scores.output) ? scores.result() : null;
  const doubt = accuracy && floatNotice(accuracy.float);
  const perplexity = next.output !== null && !outputs.variations.isSilent(next.output) ? next.result() : null;
  const lost = accuracy?.top1.drop ?? perplexity?.rise ?? null;
  const errors = outputs.results();
  const others = [...outputs.others(), ...unseen(float, given)];
  const latency = {
    ...(await measureLatency(float, quantized, last.feeds, context)),
    runtime: request.runtime,
    machine: request.machine,
    threads: request.threads,
  };
  const slower = Math.max(latency.float.p50, latency.quantized.p50);
  const throughput = request.batches ? await measureThroughput(float, quantized, last.feeds, slower, context) : [];
  return {
    samples,
    labelled: scores.samples,
    top1: accuracy?.top1 ?? null,
    top5: accuracy?.top5 ?? null,
    ...(accuracy && scores.breakdown?.result(dataset.classNames ?? new Map())),
    perplexity,
    verdict: lost === null ? null : { limit: request.limit, passed: lost <= request.limit + 1e-12 },
    outputs: errors,
    ...(others.length > 0 && { others }),
    bytes: request.bytes,
    latency,
    ...(throughput.length > 0 && { throughput }),
    notices: [
      ...lostInHalf.notices(),
      ...outputs.variations.notices(),
      ...shortfalls({ bytes: request.bytes, latency, outputs: errors, others }),
      ...(doubt ? [doubt] : []),
      ...next.notices(),
      ...skipped,
      ...outputs.remarks(),
    ],
  };
}

/** Outputs that no run gives, since they are no tensors. */
function unseen({ outputs }: Session, given: ReadonlySet<string>): OtherOutput[] {
  return outputs
    .filter(({ name }) => !given.has(name))
    .map(({ name }) => ({ name, kind: "skipped", float: 0, quantized: 0, same: null }));
}

async function readable(dataset: Dataset, index: number, notices: Notice[]): Promise<Sample | null> {
  try {
    return await dataset.get(index);
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    notices.push({ kind: "warning", subject: dataset.sourceOf(index), message: `Skipped: ${error.message}` });
    return null;
  }
}
