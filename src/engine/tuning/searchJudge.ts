import { LabelledScores } from "../evaluation/labelled.ts";
import { NextTokens, stepOf } from "../evaluation/nextTokens.ts";
import { OutputComparison, type RowAxes } from "../evaluation/outputs.ts";
import { OwnStates } from "../evaluation/ownStates.ts";
import { rowAxes } from "../evaluation/rowSets.ts";
import { widened } from "../evaluation/widened.ts";
import { classesOf, type Dataset } from "../model/dataset.ts";
import type { Accuracy, Perplexity } from "../model/evaluation.ts";
import { InputError, type JobContext, type Notice } from "../model/job.ts";
import type { Session } from "../model/runtime.ts";
import type { TensorMap } from "../model/tensor.ts";
import { ExpectedDrop } from "./searchExpected.ts";

const MOST_BYTES = 2 ** 28;

/** What one quantized model loses against the float one. */
export interface Judgement {
  /** Of the output that is worst off, dB, of those that mean something in the float model; -Infinity where it has no finite value. */
  readonly sqnr: number;
  readonly top1: Accuracy | null;
  readonly perplexity: Perplexity | null;
  /** The drop of top-1 to expect, a share, estimated (ExpectedDrop); null where top1 is. */
  readonly expected: number | null;
  /** Of the outputs that mean nothing. */
  readonly notices: readonly Notice[];
}

/**
 * Judges quantized models on the samples first..end of a dataset, one after the other. The float model's outputs are
 * computed once and kept, up to 256 MiB of them; for samples beyond that it runs again each time.
 */
export class Judge {
  readonly #float: Session;
  readonly #dataset: Dataset;
  readonly #readable: readonly number[];
  readonly #outputs: ReadonlyMap<number, TensorMap>;
  readonly #axes: RowAxes;

  private constructor(
    float: Session,
    dataset: Dataset,
    readable: readonly number[],
    outputs: Map<number, TensorMap>,
    axes: RowAxes,
  ) {
    this.#axes = axes;
    this.#float = float;
    this.#dataset = dataset;
    this.#readable = readable;
    this.#outputs = outputs;
  }

  /** Runs the float model; `dataShaped` are outputs of which data decides how many rows they have. Throws InputError when no sample can be read. */
  static async over(
    float: Session,
    dataset: Dataset,
    [first, end]: readonly [number, number],
    context: JobContext,
    mostBytes = MOST_BYTES,
    dataShaped: ReadonlySet<string> = new Set(),
  ): Promise<Judge> {
    const outputs = new Map<number, TensorMap>();
    const readable: number[] = [];
    let room = mostBytes;
    let failure: InputError | null = null;
    for (let index = first; index < end; index++) {
      context.signal.throwIfAborted();
      context.report({ task: "Running the float model", done: index - first, total: end - first, unit: "samples" });
      try {
        const { feeds } = await dataset.get(index);
        readable.push(index);
        if (room <= 0) continue;
        const results = widened(await float.run(feeds));
        room -= bytesOf(results);
        if (room > 0) outputs.set(index, results);
      } catch (error) {
        if (!(error instanceof InputError)) throw error;
        failure ??= error;
      }
    }
    if (readable.length === 0) {
      throw new InputError(
        `Not one of the ${end - first} samples that judge could be read; the first: ${failure?.message}`,
      );
    }
    return new Judge(float, dataset, readable, outputs, rowAxes(float.outputs, dataShaped));
  }

  get samples(): number {
    return this.#readable.length;
  }

  get labelled(): number {
    return this.#readable.reduce((sum, index) => sum + classesOf(this.#dataset.labels?.at(index)).length, 0);
  }

  /**
   * Throws InputError when the model has no float32 output to go by, none of them means anything in the float model, or a label is no
   * class of it.
   */
  async judge(quantized: Session, context: JobContext): Promise<Judgement> {
    const comparison = new OutputComparison(this.#axes);
    const labelled = new LabelledScores();
    const own = new OwnStates(quantized, this.#dataset);
    const next = new NextTokens();
    const expectedDrop = new ExpectedDrop();
    for (const [done, index] of this.#readable.entries()) {
      context.signal.throwIfAborted();
      context.report({ task: "Judging", done, total: this.samples, unit: "samples" });
      const { feeds, source } = await this.#dataset.get(index);
      const expected = this.#outputs.get(index) ?? widened(await this.#float.run(feeds));
      const actual = widened(await own.run(index, feeds));
      comparison.add(expected, actual);
      next.add(feeds, expected, actual, stepOf(this.#dataset, index));
      const rows = labelled.add(expected, actual, this.#dataset.labels?.at(index) ?? null, source);
      for (const row of rows) expectedDrop.add(row.float, row.quantized, row.label);
    }
    const outputs = comparison.results();
    if (outputs.length === 0) throw new InputError("The model has no output of floats, so nothing can be compared.");
    const telling = outputs.filter(({ name }) => !comparison.variations.isSilent(name));
    const isTelling = labelled.output !== null && !comparison.variations.isSilent(labelled.output);
    const top1 = isTelling ? (labelled.result()?.top1 ?? null) : null;
    const notices = comparison.variations.notices();
    if (telling.length === 0) throw new InputError(`Nothing can be searched by. ${notices[0]!.message}`);
    const sqnr = telling.reduce((least, output) => Math.min(least, output.sqnr ?? -Infinity), Infinity);
    const perplexity = next.output !== null && !comparison.variations.isSilent(next.output) ? next.result() : null;
    return { sqnr, top1, perplexity, expected: top1 && expectedDrop.result(), notices };
  }
}

function bytesOf(results: TensorMap): number {
  let bytes = 0;
  for (const { data } of results.values()) bytes += data.byteLength;
  return bytes;
}
