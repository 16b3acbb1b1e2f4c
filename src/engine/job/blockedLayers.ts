import { InputError } from "../model/job.ts";
import type { Recipe } from "../model/recipe.ts";
import type { LayerProducts, Learner } from "../model/rounding.ts";
import type { Tensor } from "../model/tensor.ts";
import type { QuantizationPlan } from "../plan/plan.ts";
import { type LearnableLayer, learnableLayers } from "./layerInputs.ts";
import type { OpenModel } from "./open.ts";
import type { Quantized } from "./quantize.ts";
import { layerForm, type WeightRows } from "./weightRows.ts";

/** The layers whose weights are in blocks and theirs alone, in graph order. Throws InputError when there is none. */
export function blockedLayers({ name }: OpenModel, quantized: Quantized, recipe: Recipe): LearnableLayer[] {
  const layers = learnableLayers(quantized, recipe).filter(({ plan: { weightUse } }) => weightUse?.blockAxis != null);
  if (layers.length > 0) return layers;
  throw nothingInBlocks(name);
}

/** The error that a model has no layer to find codes for. */
export function nothingInBlocks(name: string): InputError {
  return new InputError(
    `${name} has no weight in blocks of its own to find codes for on samples; choose the algorithm hqq.`,
  );
}

/** What a layer's products depend on, of its input in the float and in the quantized model, sample by sample. */
export async function productsOf(
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
      task ??= await learner.begin({ ...rows, form, biased: false });
      await task.add(float, rounded);
    }
    if (!task) throw new Error("There was no sample to learn from.");
    return await task.products("taught");
  } finally {
    await task?.dispose();
  }
}
