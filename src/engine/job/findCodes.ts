import { packCodes } from "../encode/foundCodes.ts";
import type { Dataset } from "../model/dataset.ts";
import type { JobContext } from "../model/job.ts";
import type { Recipe } from "../model/recipe.ts";
import type { Learner } from "../model/rounding.ts";
import type { Runtime } from "../model/runtime.ts";
import type { Tensor } from "../model/tensor.ts";
import { plannedWeight } from "../plan/plannedWeight.ts";
import type { WeightUse } from "../plan/weightUse.ts";
import { pairsOf, type Walker } from "../tuning/walker.ts";
import { halfAbove } from "../values/halfFloats.ts";
import { blockedLayers, productsOf } from "./blockedLayers.ts";
import { clippedCodes, productCodes } from "./layerCodes.ts";
import { equalizedModel, type OpenModel } from "./open.ts";
import { quantizeModel } from "./quantize.ts";
import { walkersOf } from "./walkersOf.ts";
import { type WeightRows, weightRows } from "./weightRows.ts";

/** What finding codes did to one layer. */
export interface LayerCodes {
  readonly layer: string;
  readonly weights: number;
  /** Squared error of the layer's products, of the codes that need no samples and of those that were found: one by the other. */
  readonly left: number;
}

/**
 * Finds codes of weights in blocks on samples, layer by layer in graph order. By GPTQ those that give on the quantized model's input,
 * earlier layers with the codes found, nearly what the float model's layer gives on its own (numerics/gptq.ts); by AWQ those next to the
 * weights under scales that lose least of the products of each block's own inputs in the float model (numerics/productScales.ts). Layers
 * that share their weight keep the codes that need no samples. Throws InputError as quantizing does, when there is no such layer, or no
 * sample can be read; rejects with AbortError when it is cancelled.
 */
export async function findCodes(
  model: OpenModel,
  recipe: Recipe,
  dataset: Dataset,
  { samples, halves }: { readonly samples: number; readonly halves: boolean },
  runtime: Runtime,
  learner: Learner,
  context: JobContext,
): Promise<{ readonly codes: NonNullable<Recipe["codes"]>; readonly layers: LayerCodes[]; readonly samples: number }> {
  const made = equalizedModel(model, recipe);
  const quantizedBy = (codes: Recipe["codes"]) => quantizeModel(model, { ...recipe, codes, biases: null });
  const quantized = quantizedBy(null);
  const layers = blockedLayers(model, quantized, recipe);
  const exact = made.equalized ? made.observed : made.folded;
  const walkers: readonly Walker[] = await walkersOf(
    recipe.weights.algorithm === "gptq" ? [exact, quantized.model] : [exact],
    made,
    dataset,
    samples,
    runtime,
    (tensor) =>
      `Codes cannot be found: the tensor ${tensor} has a type that Octet does not feed; choose the algorithm hqq.`,
  );
  const [float, rounded] = walkers as [Walker, Walker?];
  let codes: NonNullable<Recipe["codes"]> = {};
  const done: LayerCodes[] = [];
  let share = 0;
  for (const [position, layer] of layers.entries()) {
    const { id } = layer.plan;
    const task = `Finding codes of ${id}, layer ${position + 1} of ${layers.length}`;
    const report = (part: number) => {
      context.signal.throwIfAborted();
      context.report({ task, done: Math.floor(100 * (share + layer.share * part)), total: 100, unit: "%" });
    };
    report(0);
    const rows = weightRows(layer.plan, quantized.plan, recipe) as WeightRows;
    const inputs = float.stream(layer.float, context.signal);
    const pairs = rounded ? pairsOf(inputs, rounded.stream(layer.quantized, context.signal)) : twice(inputs);
    const products = await productsOf(rows, layer, quantized.plan, pairs, learner);
    const use = layer.plan.weightUse as WeightUse;
    const format = halves ? "q4f16" : recipe.format;
    const encoded = plannedWeight(layer.plan, use, quantized.plan, { ...recipe, format, codes: null });
    const codesOf = rounded ? productCodes : clippedCodes;
    const found = await codesOf(products, rows, encoded, halves ? halfAbove : Math.fround, report);
    codes = { ...codes, [id]: packCodes(found, encoded.type) };
    done.push({ layer: id, weights: rows.weight.length, left: found.left });
    share += layer.share;
    rounded?.become(quantizedBy(codes).model);
  }
  return { codes, layers: done, samples: float.samples };
}

/** Each sample's tensor, twice: of an input that has not drifted. */
async function* twice(tensors: AsyncGenerator<Tensor>): AsyncGenerator<readonly [Tensor, Tensor]> {
  for await (const tensor of tensors) yield [tensor, tensor];
}
