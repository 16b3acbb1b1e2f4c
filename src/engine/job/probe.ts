import { HalfInputLosses } from "../evaluation/halfInputs.ts";
import { LabelledScores } from "../evaluation/labelled.ts";
import { OutputComparison } from "../evaluation/outputs.ts";
import { OwnStates } from "../evaluation/ownStates.ts";
import { rowAxes } from "../evaluation/rowSets.ts";
import { firstScores } from "../evaluation/scores.ts";
import { widened } from "../evaluation/widened.ts";
import type { Dataset, Sample, SampleLabel } from "../model/dataset.ts";
import type { Probe } from "../model/evaluation.ts";
import { InputError, type JobContext } from "../model/job.ts";
import type { Recipe } from "../model/recipe.ts";
import type { Runtime } from "../model/runtime.ts";
import type { TensorMap } from "../model/tensor.ts";
import { assertRoundingLearned } from "./learned.ts";
import type { OpenModel } from "./open.ts";
import { quantizeModel } from "./quantize.ts";
import { assertRunsHere } from "./runsHere.ts";
import { firstReadable } from "./samples.ts";
import { loadQuantized, loadSession, quickestSession } from "./session.ts";
import { outputsShapedByData, quantizedFile, referenceFile, standInNotices, standInsOf } from "./standIns.ts";

const MOST_BYTES = 2 ** 28;

/** A sample, and what the float model makes of it. */
interface Reference extends Sample {
  readonly index: number;
  readonly label: SampleLabel;
  readonly expected: TensorMap;
}

/**
 * Measures recipes of one model on a few samples of its data, one after the other. The samples and the float model's
 * outputs are kept, up to `mostBytes`; samples beyond that are left out, but never the first.
 */
export class Prober {
  readonly #model: OpenModel;
  readonly #runtime: Runtime;
  readonly #mostBytes: number;
  readonly #standIns: readonly string[];
  #threads: number | null = null;
  #known: { readonly of: string; next: number; bytes: number; readonly references: Reference[] } | null = null;

  constructor(model: OpenModel, runtime: Runtime, mostBytes = MOST_BYTES) {
    this.#model = model;
    this.#runtime = runtime;
    this.#mostBytes = mostBytes;
    this.#standIns = standInsOf(model);
  }

  /**
   * Float against what would be exported under a resolved recipe, on samples skip..skip+samples of the data, which is the
   * same files each time. Samples that cannot be read are left out. What was run of the float model before it was
   * aborted is not run again. Throws InputError as quantizing does, and when no sample can be read or compared.
   */
  async probe(
    recipe: Recipe,
    dataset: Dataset,
    range: { readonly skip: number; readonly samples: number },
    context: JobContext,
  ): Promise<Probe> {
    const started = performance.now();
    assertRunsHere(recipe, "What a change does");
    assertRoundingLearned(recipe);
    const quantized = quantizeModel(this.#model, recipe);
    await new Promise((resolve) => setTimeout(resolve));
    context.signal.throwIfAborted();
    const references = await this.#references(recipe, dataset, range, context);
    context.signal.throwIfAborted();
    const options = { threads: this.#threads ?? 1 };
    const { file, named } = quantizedFile(this.#model, recipe, quantized, this.#standIns);
    const session = named(await loadQuantized(this.#runtime, file, options));
    const comparison = new OutputComparison(rowAxes(session.outputs, outputsShapedByData(this.#model)));
    const labelled = new LabelledScores();
    const own = new OwnStates(session, dataset);
    const lostInHalf = new HalfInputLosses(session);
    try {
      for (const [done, { index, feeds, expected, label, source }] of references.entries()) {
        context.signal.throwIfAborted();
        context.report({ task: "Measuring the change", done, total: references.length, unit: "samples" });
        const actual = widened(await own.run(index, feeds));
        lostInHalf.add(feeds);
        comparison.add(expected, actual);
        labelled.add(expected, actual, label, source);
      }
    } finally {
      await session.dispose();
    }
    const outputs = comparison.results();
    const scores = labelled.output ?? firstScores(references[0]!.expected)?.name;
    const telling = outputs.filter(({ name }) => !comparison.variations.isSilent(name));
    const candidates = telling.length > 0 ? telling : outputs;
    const judged = candidates.find(({ name }) => name === scores) ?? candidates[0];
    if (!judged) throw new InputError("The model has no output of floats, so nothing can be compared.");
    return {
      samples: references.length,
      output: judged.name,
      sqnr: judged.sqnr,
      agreement: judged.agreement,
      kl: judged.kl,
      drop: scores && !comparison.variations.isSilent(scores) ? (labelled.result()?.top1.drop ?? null) : null,
      bytes: quantized.bytes,
      seconds: (performance.now() - started) / 1000,
      notices: [...lostInHalf.notices(), ...standInNotices(this.#standIns), ...comparison.variations.notices()],
    };
  }

  async #references(
    { preprocess, seed }: Recipe,
    dataset: Dataset,
    { skip, samples }: { readonly skip: number; readonly samples: number },
    { signal, report }: JobContext,
  ): Promise<readonly Reference[]> {
    const of = JSON.stringify([preprocess, seed, skip, samples]);
    if (this.#known?.of !== of) this.#known = { of, next: skip, bytes: 0, references: [] };
    const known = this.#known;
    const end = Math.min(skip + samples, dataset.length);
    if (known.next >= end && known.references.length > 0) return known.references;

    const first = await firstReadable(dataset, skip, samples);
    signal.throwIfAborted();
    const { session, threads } = await this.#floatSession(first);
    this.#threads = threads;
    try {
      for (; known.next < end; known.next++) {
        signal.throwIfAborted();
        report({ task: "Running the float model", done: known.next - skip, total: end - skip, unit: "samples" });
        const sample = await readable(dataset, known.next);
        if (!sample) continue;
        const expected = widened(await session.run(sample.feeds));
        known.bytes += bytesOf(sample.feeds) + bytesOf(expected);
        if (known.bytes > this.#mostBytes && known.references.length > 0) {
          known.next = end;
          break;
        }
        known.references.push({
          ...sample,
          index: known.next,
          label: dataset.labels?.at(known.next) ?? null,
          expected,
        });
      }
    } finally {
      await session.dispose();
    }
    return known.references;
  }

  async #floatSession(sample: Sample) {
    const file = referenceFile(this.#model, this.#standIns);
    const threads = this.#threads;
    if (threads === null) return quickestSession(this.#runtime, file, sample, "The float model");
    return { session: await loadSession(this.#runtime, file, { threads }, "The float model"), threads };
  }
}

async function readable(dataset: Dataset, index: number): Promise<Sample | null> {
  try {
    return await dataset.get(index);
  } catch (error) {
    if (error instanceof InputError) return null;
    throw error;
  }
}

function bytesOf(tensors: TensorMap): number {
  let bytes = 0;
  for (const { data } of tensors.values()) bytes += data.byteLength;
  return bytes;
}
