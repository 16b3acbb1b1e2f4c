import { scalableInputs } from "../graph/inputScales.ts";
import { graphOf } from "../graph/pass.ts";
import type { Dataset } from "../model/dataset.ts";
import type { JobContext } from "../model/job.ts";
import { type Recipe, weightTypeOf } from "../model/recipe.ts";
import type { Learner } from "../model/rounding.ts";
import type { Runtime } from "../model/runtime.ts";
import type { Tensor } from "../model/tensor.ts";
import { inputScales } from "../numerics/inputScales.ts";
import { GraphIndex } from "../onnx/graph.ts";
import type { BlockSize } from "../values/codes.ts";
import { blockedLayers, productsOf } from "./blockedLayers.ts";
import type { LearnableLayer } from "./layerInputs.ts";
import { equalizedModel, type OpenModel } from "./open.ts";
import { quantizeModel } from "./quantize.ts";
import { walkersOf } from "./walkersOf.ts";
import { type WeightRows, weightRows } from "./weightRows.ts";

/** What scaling one tensor's channels did to the layers that read it. */
export interface ScaledInput {
  readonly tensor: string;
  readonly layers: readonly string[];
  /** Of the inputs' magnitudes: 0 leaves them as they are. */
  readonly power: number;
  /** Squared error of these layers' products with the channels scaled, by that without. */
  readonly left: number;
}

export interface ScaleSearch {
  /** As the recipe keeps them. */
  readonly inputScales: NonNullable<Recipe["inputScales"]>;
  readonly inputs: readonly ScaledInput[];
  /** Layers that read what nothing can be folded into: they keep scales of 1. */
  readonly unscaled: readonly string[];
}

/**
 * Finds by what to divide the channels of tensors that weights in blocks read, to be made up for by these (AWQ,
 * numerics/inputScales.ts), on what the float model makes of samples. Throws InputError as finding codes does; rejects with AbortError
 * when it is cancelled.
 */
export async function findInputScales(
  model: OpenModel,
  recipe: Recipe,
  dataset: Dataset,
  { samples }: { readonly samples: number },
  runtime: Runtime,
  learner: Learner,
  context: JobContext,
): Promise<ScaleSearch> {
  const plain: Recipe = { ...recipe, inputScales: null, codes: null, biases: null };
  const made = equalizedModel(model, plain);
  const quantized = quantizeModel(model, plain);
  const layers = blockedLayers(model, quantized, plain);
  const scalable = new Set(scalableInputs(new GraphIndex(graphOf(made.folded))).map(({ tensor }) => tensor));
  const exact = made.equalized ? made.observed : made.folded;
  const [walker] = await walkersOf([exact], made, dataset, samples, runtime, unfed);
  const found: Record<string, readonly number[]> = {};
  const inputs: ScaledInput[] = [];
  const unscaled: string[] = [];
  for (const { tensor, readers } of byTensor(layers)) {
    const names = readers.map(({ plan }) => plan.id);
    if (!scalable.has(tensor)) {
      unscaled.push(...names);
      continue;
    }
    const report = (part: number) => {
      context.signal.throwIfAborted();
      const task = `Scaling inputs of ${names.join(", ")}`;
      context.report({ task, done: Math.floor(100 * part), total: 100, unit: "%" });
    };
    report(0);
    const rows = readers.map(({ plan: layer }) => ({
      ...(weightRows(layer, quantized.plan, plain) as WeightRows),
      type: weightTypeOf(recipe.weights, layer.id),
    }));
    const [first] = readers as [LearnableLayer];
    const magnitudes = new Magnitudes();
    const pairs = magnitudes.seen(walker.stream(tensor, context.signal));
    const { gram } = await productsOf(rows[0] as WeightRows, first, quantized.plan, pairs, learner);
    const { inputs: count } = rows[0] as WeightRows;
    const search = await inputScales(
      rows,
      { inputs: count, gram },
      magnitudes.of(count),
      recipe.weights.block as BlockSize,
      async (part) => {
        report(part);
        await new Promise((resolve) => setTimeout(resolve));
      },
    );
    inputs.push({ tensor, layers: names, power: search.power, left: search.left });
    if (search.power > 0) found[tensor] = Array.from(search.scales, Math.fround);
  }
  return { inputScales: found, inputs, unscaled };
}

function unfed(tensor: string): string {
  return `AWQ cannot read the tensor ${tensor}, which has a type that Octet does not feed; choose the algorithm hqq.`;
}

/** Layers by what they read, in the order in which it is made. */
function byTensor(layers: readonly LearnableLayer[]) {
  const groups = new Map<string, LearnableLayer[]>();
  for (const layer of layers) groups.set(layer.float, [...(groups.get(layer.float) ?? []), layer]);
  return [...groups].map(([tensor, readers]) => ({ tensor, readers }));
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
