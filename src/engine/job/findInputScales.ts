import { scalableInputs } from "../graph/inputScales.ts";
import { graphOf } from "../graph/pass.ts";
import type { ScaledInput, Scaling } from "../model/codeSearch.ts";
import type { Dataset } from "../model/dataset.ts";
import type { JobContext } from "../model/job.ts";
import { type Recipe, weightTypeOf } from "../model/recipe.ts";
import { own } from "../model/record.ts";
import type { Learner } from "../model/rounding.ts";
import type { Runtime } from "../model/runtime.ts";
import type { Tensor } from "../model/tensor.ts";
import { inputScales } from "../numerics/inputScales.ts";
import { GraphIndex } from "../onnx/graph.ts";
import { drain } from "../tuning/walker.ts";
import type { BlockSize } from "../values/codes.ts";
import { blockedLayers, productsOf } from "./blockedLayers.ts";
import type { LearnableLayer } from "./layerInputs.ts";
import { equalizedModel, type OpenModel } from "./open.ts";
import { quantizeModel } from "./quantize.ts";
import { walkersOf } from "./walkersOf.ts";
import { type WeightRows, weightRows } from "./weightRows.ts";

/** What is found of scales, tensor by tensor; `inputScales` is as the recipe keeps them. */
export interface ScalesFound extends Pick<Scaling, "inputs" | "wanted" | "unscaled"> {
  readonly inputScales: NonNullable<Recipe["inputScales"]>;
}

export interface ScalesRequest {
  /** The first so many samples are read. */
  readonly samples: number;
  /** What was found before of these tensors. */
  readonly resume: Pick<ScalesFound, "inputScales" | "inputs"> | null;
}

/**
 * Finds by what to divide the channels of tensors that weights in blocks read, to be made up for by these (AWQ,
 * numerics/inputScales.ts), on what the float model makes of samples. `onFound` has all that is found after each tensor. Throws InputError
 * as finding codes does; rejects with AbortError when it is cancelled.
 */
export async function findInputScales(
  model: OpenModel,
  recipe: Recipe,
  dataset: Dataset,
  { samples, resume }: ScalesRequest,
  { runtime, learner }: { readonly runtime: Runtime; readonly learner: Learner },
  { context, onFound }: { readonly context: JobContext; readonly onFound: (found: ScalesFound) => void },
): Promise<ScalesFound> {
  const plain: Recipe = { ...recipe, inputScales: null, codes: null, biases: null };
  const made = equalizedModel(model, plain);
  const quantized = quantizeModel(model, plain);
  const layers = blockedLayers(model, quantized, plain);
  const scalable = new Set(scalableInputs(new GraphIndex(graphOf(made.folded))).map(({ tensor }) => tensor));
  const exact = made.equalized ? made.observed : made.folded;
  const [walker] = await walkersOf([exact], made, dataset, samples, runtime, unfed);
  const tensors = byTensor(layers);
  const toScale = tensors.filter(({ tensor }) => scalable.has(tensor));
  const unscaled = tensors.filter((each) => !toScale.includes(each)).flatMap(({ readers }) => namesOf(readers));
  const whole = toScale.reduce((sum, { share }) => sum + share, 0);
  let found: ScalesFound = { inputScales: {}, inputs: [], wanted: toScale.length, unscaled };
  let share = 0;
  for (const { tensor, readers, share: part } of toScale) {
    const names = namesOf(readers);
    const report = (done: number) => {
      context.signal.throwIfAborted();
      const task = `Scaling inputs of ${names.join(", ")}`;
      context.report({ task, done: Math.floor((100 * (share + part * done)) / whole), total: 100, unit: "%" });
    };
    report(0);
    const stream = walker.stream(tensor, context.signal);
    const before = resume?.inputs.find((each) => each.tensor === tensor);
    if (before) {
      await drain(stream);
      found = withInput(found, before, own(resume?.inputScales ?? {}, tensor));
      share += part;
      continue;
    }
    const rows = readers.map(({ plan: layer }) => ({
      ...(weightRows(layer, quantized.plan, plain) as WeightRows),
      type: weightTypeOf(recipe.weights, layer.id),
    }));
    const [first] = readers as [LearnableLayer];
    const magnitudes = new Magnitudes();
    const pairs = magnitudes.seen(stream);
    const { gram } = await productsOf(rows[0] as WeightRows, first, quantized.plan, pairs, learner);
    const { inputs: count } = rows[0] as WeightRows;
    const search = await inputScales(
      rows,
      { inputs: count, gram },
      magnitudes.of(count),
      recipe.weights.block as BlockSize,
      async (done) => {
        report(done);
        await new Promise((resolve) => setTimeout(resolve));
      },
    );
    const { power, left } = search;
    const scales = power > 0 ? Array.from(search.scales, Math.fround) : undefined;
    found = withInput(found, { tensor, layers: names, power, left }, scales);
    share += part;
    onFound(found);
  }
  return found;
}

function withInput(found: ScalesFound, input: ScaledInput, scales: readonly number[] | undefined): ScalesFound {
  const inputScales = scales ? { ...found.inputScales, [input.tensor]: scales } : found.inputScales;
  return { ...found, inputScales, inputs: [...found.inputs, input] };
}

function namesOf(layers: readonly LearnableLayer[]): string[] {
  return layers.map(({ plan }) => plan.id);
}

function unfed(tensor: string): string {
  return `AWQ cannot read the tensor ${tensor}, which has a type that Octet does not feed; choose the algorithm hqq.`;
}

/** Layers by what they read, in the order in which it is made, and their part of all the work. */
function byTensor(layers: readonly LearnableLayer[]) {
  const groups = new Map<string, LearnableLayer[]>();
  for (const layer of layers) groups.set(layer.float, [...(groups.get(layer.float) ?? []), layer]);
  return [...groups].map(([tensor, readers]) => {
    return { tensor, readers, share: readers.reduce((sum, each) => sum + each.share, 0) };
  });
}

/** Mean magnitudes of the channels of a tensor's last axis. */
class Magnitudes {
  #sums: Float64Array | null = null;
  #rows = 0;

  /** Each sample's tensor, twice: nothing has drifted. */
  async *seen(tensors: AsyncGenerator<Tensor>): AsyncGenerator<readonly [Tensor, Tensor]> {
    for await (const tensor of tensors) {
      const channels = tensor.dims.at(-1) ?? 1;
      const data = tensor.data as Float32Array;
      const sums = this.#sums ?? new Float64Array(channels);
      this.#sums = sums;
      for (const [at, value] of data.entries()) {
        if (Number.isFinite(value)) sums[at % channels] = (sums[at % channels] as number) + Math.abs(value);
      }
      this.#rows += data.length / channels;
      yield [tensor, tensor];
    }
  }

  of(channels: number): Float64Array {
    return (this.#sums ?? new Float64Array(channels)).map((sum) => sum / Math.max(1, this.#rows));
  }
}
