import { packCodes } from "../encode/foundCodes.ts";
import type { CodeSearch, LayerCodes } from "../model/codeSearch.ts";
import type { Dataset } from "../model/dataset.ts";
import type { JobContext } from "../model/job.ts";
import type { FoundCodes, Recipe } from "../model/recipe.ts";
import { own } from "../model/record.ts";
import type { Learner } from "../model/rounding.ts";
import type { Runtime } from "../model/runtime.ts";
import type { Tensor } from "../model/tensor.ts";
import { plannedWeight } from "../plan/plannedWeight.ts";
import type { WeightUse } from "../plan/weightUse.ts";
import { drain, pairsOf, type Walker } from "../tuning/walker.ts";
import { halfAbove } from "../values/halfFloats.ts";
import { blockedLayers, productsOf } from "./blockedLayers.ts";
import { clippedCodes, productCodes } from "./layerCodes.ts";
import { equalizedModel, type OpenModel } from "./open.ts";
import { quantizeModel } from "./quantize.ts";
import { walkersOf } from "./walkersOf.ts";
import { type WeightRows, weightRows } from "./weightRows.ts";

/** What is found of codes, layer by layer. */
export type CodesFound = Pick<CodeSearch, "codes" | "layers" | "wanted" | "samples">;

export interface CodesRequest {
  /** The first so many samples are read. */
  readonly samples: number;
  /** Whether scales are such as float16 holds. */
  readonly halves: boolean;
  /** What was found before of these layers. */
  readonly resume: Pick<CodeSearch, "codes" | "layers"> | null;
}

/**
 * Finds codes of weights in blocks on samples, layer by layer in graph order. By GPTQ those that give on the quantized model's input,
 * earlier layers with the codes found, nearly what the float model's layer gives on its own (numerics/gptq.ts); by AWQ those next to the
 * weights under scales that lose least of the products of each block's own inputs in the float model (numerics/productScales.ts). Layers
 * that share their weight keep the codes that need no samples. `onFound` has all that is found after each layer; with `resume` it walks
 * again through the layers of which codes were found. Throws InputError as quantizing does, when there is no such layer, or no sample can
 * be read; rejects with AbortError when it is cancelled.
 */
export async function findCodes(
  model: OpenModel,
  recipe: Recipe,
  dataset: Dataset,
  { samples, halves, resume }: CodesRequest,
  { runtime, learner }: { readonly runtime: Runtime; readonly learner: Learner },
  { context, onFound }: { readonly context: JobContext; readonly onFound: (found: CodesFound) => void },
): Promise<CodesFound> {
  const made = equalizedModel(model, recipe);
  const { ends: _, ...inner } = recipe;
  const quantizedBy = (codes: Recipe["codes"]) => quantizeModel(model, { ...inner, codes, biases: null });
  const quantized = quantizedBy(null);
  const layers = blockedLayers(model, quantized, recipe);
  const exact = made.equalized ? made.observed : made.folded;
  const walkers: readonly Walker[] = await walkersOf(
    recipe.weights.algorithm === "gptq" ? [exact, quantized.inOrder] : [exact],
    made,
    dataset,
    samples,
    runtime,
    (tensor) =>
      `Codes cannot be found: the tensor ${tensor} has a type that Octet does not feed; choose the algorithm hqq.`,
  );
  const [float, rounded] = walkers as [Walker, Walker?];
  let all: CodesFound = { codes: {}, layers: [], wanted: layers.length, samples: float.samples };
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
    const before = resume?.layers.find((each) => each.layer === id);
    const known = own(resume?.codes ?? {}, id);
    if (before && known) {
      await drain(pairs);
      all = withLayer(all, before, known);
    } else {
      const products = await productsOf(rows, layer, quantized.plan, pairs, learner);
      const use = layer.plan.weightUse as WeightUse;
      const format = halves ? "q4f16" : recipe.format;
      const encoded = plannedWeight(layer.plan, use, quantized.plan, { ...recipe, format, codes: null });
      const codesOf = rounded ? productCodes : clippedCodes;
      const made = await codesOf(products, rows, encoded, halves ? halfAbove : Math.fround, report);
      const { plain, found, left } = made;
      const record = { layer: id, weights: rows.weight.length, plain, found, left };
      all = withLayer(all, record, packCodes(made, encoded.type));
      onFound(all);
    }
    share += layer.share;
    rounded?.become(quantizedBy(all.codes).inOrder);
  }
  return all;
}

function withLayer(found: CodesFound, layer: LayerCodes, codes: FoundCodes): CodesFound {
  return { ...found, codes: { ...found.codes, [layer.layer]: codes }, layers: [...found.layers, layer] };
}

/** Each sample's tensor, twice: of an input that has not drifted. */
async function* twice(tensors: AsyncGenerator<Tensor>): AsyncGenerator<readonly [Tensor, Tensor]> {
  for await (const tensor of tensors) yield [tensor, tensor];
}
