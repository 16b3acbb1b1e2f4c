import { Variations } from "../evaluation/variation.ts";
import { widened } from "../evaluation/widened.ts";
import { beforeSoftmax } from "../graph/beforeSoftmax.ts";
import { graphOf } from "../graph/pass.ts";
import { exposeOutputs } from "../graph/shapes.ts";
import type { Dataset, Sample } from "../model/dataset.ts";
import type { JobContext } from "../model/job.ts";
import type { Recipe } from "../model/recipe.ts";
import type { Runtime } from "../model/runtime.ts";
import type { TensorMap } from "../model/tensor.ts";
import { Comparator } from "../numerics/metrics.ts";
import type { ModelProto } from "../onnx/proto/onnx_pb.ts";
import { type OpenModel, runnable } from "./open.ts";
import { quantizeModel } from "./quantize.ts";
import { firstReadable, readableSamples } from "./samples.ts";
import { loadQuantized, similarSession } from "./session.ts";

const MOST_BYTES = 2 ** 27;

interface Reference extends Sample {
  readonly expected: TensorMap;
}

/** Error energy over the signal's own, one number for each float32 output that varies and has as many values in both models. */
export interface OutputNoise {
  readonly outputs: readonly number[];
  /**
   * The same where an output is a Softmax of what goes into it: a position that tips between two classes outweighs all others in
   * probabilities, so that which of two models is closer turns on a few samples and the last bits of a sum.
   */
  readonly deciding: readonly number[];
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
    const file = runnable(exposeOutputs(model.reference, [...beforeSoftmax(model.reference).values()]));
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

  async noise(recipe: Recipe, samples: number): Promise<OutputNoise> {
    const { model } = quantizeModel(this.#model, recipe);
    const logits = pairedLogits(this.#model.reference, model);
    const file = runnable(
      exposeOutputs(
        model,
        [...logits.values()].map(({ quantized }) => quantized),
      ),
    );
    const session = await loadQuantized(this.#runtime, file, { threads: this.#threads });
    const comparators = new Map<string, Comparator>();
    const compare = (name: string, expected: TensorMap, actual: TensorMap, as = name) => {
      const data = expected.get(name)?.data;
      const other = actual.get(as)?.data;
      if (!(data instanceof Float32Array) || !(other instanceof Float32Array)) return;
      if (data.length !== other.length || this.#variations.isSilent(name)) return;
      const comparator = comparators.get(name) ?? new Comparator();
      comparators.set(name, comparator);
      comparator.add(data, other);
    };
    const names = graphOf(model).output.map(({ name }) => name);
    try {
      for (const { feeds, expected } of this.#references.slice(0, samples)) {
        const actual = widened(await session.run(feeds));
        for (const name of names) compare(name, expected, actual);
        for (const { float, quantized } of logits.values()) compare(float, expected, actual, quantized);
      }
    } finally {
      await session.dispose();
    }
    const compared = names.filter((name) => comparators.has(name));
    const noiseOf = (name: string) => noise(comparators.get(name) as Comparator);
    const decidedBy = (name: string) => {
      const float = logits.get(name)?.float;
      return float !== undefined && comparators.has(float) ? float : name;
    };
    return { outputs: compared.map(noiseOf), deciding: compared.map((name) => noiseOf(decidedBy(name))) };
  }
}

/** What goes into the Softmax of an output, in the float model and in the quantized one, by the output's name. */
function pairedLogits(
  float: ModelProto,
  quantized: ModelProto,
): ReadonlyMap<string, { readonly float: string; readonly quantized: string }> {
  const others = beforeSoftmax(quantized);
  return new Map(
    [...beforeSoftmax(float)].flatMap(([output, name]) => {
      const other = others.get(output);
      return other === undefined ? [] : [[output, { float: name, quantized: other }] as const];
    }),
  );
}

function noise(comparator: Comparator): number {
  const { sqnr } = comparator.result();
  return Number.isNaN(sqnr) ? 0 : 10 ** (-sqnr / 10);
}

function bytesOf(tensors: TensorMap): number {
  let bytes = 0;
  for (const { data } of tensors.values()) bytes += data.byteLength;
  return bytes;
}
