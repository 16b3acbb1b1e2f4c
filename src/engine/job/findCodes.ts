import { packCodes } from "../encode/foundCodes.ts";
import type { Dataset } from "../model/dataset.ts";
import { InputError, type JobContext } from "../model/job.ts";
import type { Recipe } from "../model/recipe.ts";
import type { LayerProducts, Learner } from "../model/rounding.ts";
import type { Runtime } from "../model/runtime.ts";
import type { Tensor } from "../model/tensor.ts";
import type { QuantizationPlan } from "../plan/plan.ts";
import { plannedWeight } from "../plan/plannedWeight.ts";
import type { WeightUse } from "../plan/weightUse.ts";
import { pairsOf } from "../tuning/walker.ts";
import { productCodes } from "./layerCodes.ts";
import { type LearnableLayer, learnableLayers } from "./layerInputs.ts";
import { equalizedModel, type OpenModel } from "./open.ts";
import { quantizeModel } from "./quantize.ts";
import { walkersOf } from "./walkersOf.ts";
import { layerForm, type WeightRows, weightRows } from "./weightRows.ts";

/** What finding codes did to one layer. */
export interface LayerCodes {
  readonly layer: string;
  readonly weights: number;
  /** Squared error of the layer's products, of the codes next to the weights and of those that were found: one by the other. */
  readonly left: number;
}

export interface CodeSearch {
  /** As the recipe keeps them. */
  readonly codes: NonNullable<Recipe["codes"]>;
  readonly layers: readonly LayerCodes[];
  readonly samples: number;
  readonly learner: string;
  readonly seconds: number;
}

/**
 * Finds codes of weights in blocks that give on the quantized model's input nearly what the float model's layer gives on its own
 * (GPTQ, numerics/gptq.ts), layer by layer in graph order, earlier layers with the codes found. Layers that share their weight
 * keep the codes next to it. Throws InputError as quantizing does, when there is no such layer, or no sample can be read;
 * rejects with AbortError when it is cancelled.
 */
export async function findCodes(
  model: OpenModel,
  recipe: Recipe,
  dataset: Dataset,
  { samples }: { readonly samples: number },
  runtime: Runtime,
  learner: Learner,
  context: JobContext,
): Promise<CodeSearch> {
  const start = performance.now();
  const made = equalizedModel(model, recipe);
  const quantizedBy = (codes: Recipe["codes"]) => quantizeModel(model, { ...recipe, codes, biases: null });
  const quantized = quantizedBy(null);
  const layers = learnableLayers(quantized, recipe).filter(({ plan: { weightUse } }) => weightUse?.blockAxis != null);
  if (layers.length === 0) {
    throw new InputError(`${model.name} has no weight in blocks of its own for GPTQ; leave the algorithm out.`);
  }
  const [float, rounded] = await walkersOf(
    [made.equalized ? made.observed : made.folded, quantized.model],
    made,
    dataset,
    samples,
    runtime,
    (tensor) => `GPTQ cannot read the tensor ${tensor}, which has a type that Octet does not feed; leave it out.`,
  );
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
    const pairs = pairsOf(float.stream(layer.float, context.signal), rounded.stream(layer.quantized, context.signal));
    const products = await productsOf(rows, layer, quantized.plan, pairs, learner);
    const use = layer.plan.weightUse as WeightUse;
    const encoded = plannedWeight(layer.plan, use, quantized.plan, { ...recipe, codes: null });
    const found = await productCodes(products, rows, encoded, report);
    codes = { ...codes, [id]: packCodes(found, encoded.type) };
    done.push({ layer: id, weights: rows.weight.length, left: found.left });
    share += layer.share;
    rounded.become(quantizedBy(codes).model);
  }
  const seconds = (performance.now() - start) / 1000;
  return { codes, layers: done, samples: float.samples, learner: learner.label, seconds };
}

async function productsOf(
  rows: WeightRows,
  { plan: layer }: LearnableLayer,
  plan: QuantizationPlan,
  pairs: AsyncGenerator<readonly [Tensor, Tensor]>,
  learner: Learner,
): Promise<LayerProducts> {
  let task: Awaited<ReturnType<Learner["begin"]>> | null = null;
  try {
    for await (const [float, rounded] of pairs) {
      const form = layerForm(layer, plan, float.dims);
      if (!form) throw new Error(`${layer.id} has no form to learn.`);
      task ??= await learner.begin({ ...rows, form });
      await task.add(float, rounded);
    }
    if (!task) throw new Error("There was no sample to learn from.");
    return await task.products();
  } finally {
    await task?.dispose();
  }
}
