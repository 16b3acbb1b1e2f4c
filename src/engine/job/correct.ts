import { normalizedTensors } from "../graph/normalization.ts";
import type { Dataset } from "../model/dataset.ts";
import { inPairs } from "../model/format.ts";
import type { JobContext } from "../model/job.ts";
import type { Reason } from "../model/reason.ts";
import type { Recipe } from "../model/recipe.ts";
import type { Runtime } from "../model/runtime.ts";
import { biasPlace } from "../operators/biasPlace.ts";
import { operatorOf, weightedOf } from "../operators/index.ts";
import { withLearned } from "../recipe/change.ts";
import { missing } from "../recipe/derivations.ts";
import { expectedCorrections, expectedInputs } from "../tuning/analyticBias.ts";
import { type CorrectedLayer, correctBiases } from "../tuning/biasCorrection.ts";
import { equalizedModel, type OpenModel, planModel } from "./open.ts";
import { type Quantized, quantizeModel } from "./quantize.ts";
import { walkersOf } from "./walkersOf.ts";

/** Fewer leave small networks to chance, more gain nothing: docs/corrections.md. */
const SAMPLES = 100;

/**
 * Learns what empirical bias correction adds to each layer's bias, from the first samples. The recipe's ranges are
 * resolved. Throws InputError as quantizing does, and when no sample can be read.
 */
export async function learnBiases(
  model: OpenModel,
  recipe: Recipe,
  dataset: Dataset,
  samples: number,
  runtime: Runtime,
  context: JobContext,
): Promise<NonNullable<Recipe["biases"]>> {
  const made = equalizedModel(model, recipe);
  const quantized = quantizeModel(model, { ...inPairs(recipe), biases: null });
  const [float, walked] = await walkersOf(
    [made.equalized ? made.observed : made.folded, quantized.inOrder],
    made,
    dataset,
    Math.min(samples, SAMPLES),
    runtime,
    (tensor) =>
      `Biases cannot be corrected on samples: the tensor ${tensor} has a type that Octet does not feed; set bias correction to none.`,
  );
  return correctBiases({ float, quantized: walked, layers: correctedLayers(quantized) }, context);
}

/**
 * The recipe with analytic bias correction worked out where it asks for it: no samples are needed, and layers whose input
 * does not come out of a BatchNormalization are passed over. The recipe's ranges are resolved.
 */
export function deriveBiases(model: OpenModel, recipe: Recipe): Recipe {
  if (recipe.corrections.bias !== "analytic" || recipe.biases || missing(recipe).includes("rounding")) return recipe;
  const means = expectedInputs(planModel(model, recipe), normalizedTensors(model.observed), recipe.factors ?? {});
  return withLearned(recipe, { biases: expectedCorrections(planModel(model, recipe), recipe, means) });
}

/** Of layers in float that keep their weights in fewer bits. */
const KEPT: ReadonlySet<Reason["code"]> = new Set(["recipe-stored", "no-blocks", "costly"]);

function correctedLayers({ plan, unrounded }: Quantized): CorrectedLayer[] {
  return plan.layers.flatMap(({ id, node, weightUse, reason }) => {
    const quantized = unrounded.get(id);
    const isRounded = weightUse !== null || (reason !== null && KEPT.has(reason.code));
    if (!isRounded || quantized === undefined || !biasPlace(node, plan.index)) return [];
    const [reader, ...readers] = plan.index.consumers(node.output[0] ?? "");
    const isSeen = plan.index.isOutput(node.output[0] ?? "");
    const alone = reader && readers.length === 0 && !isSeen ? reader : null;
    const clamp = alone && operatorOf(alone, plan.index)?.clamp?.(alone, plan.index);
    const passes = clamp ?? { low: -Infinity, high: Infinity };
    const axis = weightedOf(node, plan.index)?.outputAxis ?? -1;
    return [{ id, float: node.output[0] ?? "", quantized, axis, passes }];
  });
}
