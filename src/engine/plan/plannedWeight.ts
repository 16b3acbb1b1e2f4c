import { type EncodedWeight, encodeWeight, weightChoices } from "../encode/weight.ts";
import type { Recipe } from "../model/recipe.ts";
import { inputScaleOf } from "./inputScale.ts";
import type { LayerPlan, QuantizationPlan } from "./plan.ts";
import { weightSource } from "./weightSource.ts";
import type { WeightUse } from "./weightUse.ts";

/** A planned layer's weight as it is exported under a recipe, whose ranges may be open. */
export function plannedWeight(
  layer: LayerPlan,
  use: WeightUse,
  plan: QuantizationPlan,
  recipe: Pick<Recipe, "weights" | "float" | "rounding" | "activations" | "resolved">,
): EncodedWeight {
  const choices = weightChoices(recipe, plan.target, layer.id);
  return encodeWeight(weightSource(layer, use, plan.index), choices, inputScaleOf(layer, plan, recipe));
}
