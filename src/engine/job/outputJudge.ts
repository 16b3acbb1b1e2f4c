import { Variations } from "../evaluation/variation.ts";
import { widened } from "../evaluation/widened.ts";
import type { Dataset, Sample } from "../model/dataset.ts";
import type { JobContext } from "../model/job.ts";
import type { Recipe } from "../model/recipe.ts";
import type { Runtime, Session } from "../model/runtime.ts";
import type { TensorMap } from "../model/tensor.ts";
import { Comparator } from "../numerics/metrics.ts";
import { type OpenModel, runnable } from "./open.ts";
import { quantizeModel } from "./quantize.ts";
import { firstReadable, readableSamples } from "./samples.ts";
import { loadSession, similarSession } from "./session.ts";

const MOST_BYTES = 2 ** 27;

interface Reference extends Sample {
  readonly expected: TensorMap;
}

/** Measures recipes on the same samples, against what the float model made of them. */
export class OutputJudge {
  readonly #model: OpenModel;
  readonly #runtime: Runtime;
  readonly #threads: number;
  readonly #references: readonly Reference[];
  readonly #variations = new Variations();

  private constructor(model: OpenModel, runtime: Runtime, threads: number, references: readonly Reference[]) {
    this.#model = model;
    this.#runtime = runtime;
    this.#threads = threads;
    this.#references = references;
    for (const { expected } of references) this.#variations.add(expected);
  }

  static async open(
    model: OpenModel,
    dataset: Dataset,
    samples: number,
    runtime: Runtime,
    { signal }: JobContext,
  ): Promise<OutputJudge> {
    const file = runnable(model.reference);
    const first = await firstReadable(dataset, 0, samples);
    const { session, threads } = await similarSession(runtime, file, first, "The float model");
    const references: Reference[] = [];
    try {
      let bytes = 0;
      for await (const { sample } of readableSamples(dataset, samples)) {
        signal.throwIfAborted();
        const expected = widened(await session.run(sample.feeds));
        bytes += bytesOf(sample.feeds) + bytesOf(expected);
        if (bytes > MOST_BYTES && references.length > 0) break;
        references.push({ ...sample, expected });
      }
    } finally {
      await session.dispose();
    }
    return new OutputJudge(model, runtime, threads, references);
  }

  get samples(): number {
    return this.#references.length;
  }

  /** Error energy over the output's own, for each float32 output that varies and has as many values in both models. */
  async noise(recipe: Recipe, samples: number): Promise<number[]> {
    const { model } = quantizeModel(this.#model, recipe);
    const options = { threads: this.#threads };
    const session = await loadSession(this.#runtime, runnable(model), options, "The quantized model");
    const outputs = new Map<string, Comparator>();
    try {
      for (const reference of this.#references.slice(0, samples)) await this.#compare(reference, session, outputs);
    } finally {
      await session.dispose();
    }
    return [...outputs.values()].map((comparator) => {
      const { sqnr } = comparator.result();
      return Number.isNaN(sqnr) ? 0 : 10 ** (-sqnr / 10);
    });
  }

  async #compare({ feeds, expected }: Reference, session: Session, outputs: Map<string, Comparator>): Promise<void> {
    const actual = widened(await session.run(feeds));
    for (const [name, { data }] of expected) {
      const other = actual.get(name)?.data;
      if (!(data instanceof Float32Array) || !(other instanceof Float32Array)) continue;
      if (data.length !== other.length || this.#variations.isSilent(name)) continue;
      const comparator = outputs.get(name) ?? new Comparator();
      outputs.set(name, comparator);
      comparator.add(data, other);
    }
  }
}

function bytesOf(tensors: TensorMap): number {
  let bytes = 0;
  for (const { data } of tensors.values()) bytes += data.byteLength;
  return bytes;
}
