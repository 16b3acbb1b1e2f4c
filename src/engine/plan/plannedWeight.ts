import { type EncodedWeight, encodeWeight, weightChoices } from "../encode/weight.ts";
import { type Range, schemeOf } from "../model/range.ts";
import type { Recipe } from "../model/recipe.ts";
import { own } from "../model/record.ts";
import { affineParameters } from "../numerics/affine.ts";
import { onWide } from "../targets/target.ts";
import type { LayerPlan, QuantizationPlan } from "./plan.ts";
import { weightSource } from "./weightSource.ts";
import type { WeightUse } from "./weightUse.ts";

/** The part of a recipe that decides how a planned layer's weight is exported. */
export type PlannedWeightChoices = Pick<
  Recipe,
  "format" | "weights" | "rounding" | "codes" | "activations" | "resolved"
>;

/** A planned layer's weight as it is exported under a recipe, whose ranges may be open. */
export function plannedWeight(
  layer: LayerPlan,
  use: WeightUse,
  plan: QuantizationPlan,
  recipe: PlannedWeightChoices,
): EncodedWeight {
  const choices = weightChoices(recipe, layer.wide ? onWide(plan.target) : plan.target, layer.id);
  return encodeWeight(weightSource(layer, use, plan.index), choices, inputScale(layer, use, plan, recipe));
}

/** The scale of what a weight is multiplied with; null where that stays in float or has no range yet. */
function inputScale(
  { node, wide }: LayerPlan,
  { input }: WeightUse,
  { groups, groupOf }: QuantizationPlan,
  { resolved, activations }: Pick<Recipe, "resolved" | "activations">,
): number | null {
  const id = groupOf.get(node.input[1 - input] ?? "");
  if (id === undefined) return null;
  const range: Range | undefined = groups.find((group) => group.id === id)?.fixed ?? own(resolved ?? {}, id);
  return range ? affineParameters(range, schemeOf({ wide }, activations)).scale : null;
}
