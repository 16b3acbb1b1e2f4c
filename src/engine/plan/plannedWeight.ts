import { nearestStretches } from "../encode/nearest.ts";
import { type EncodedWeight, encodeWeight, fitAhead, isRefined, weightChoices } from "../encode/weight.ts";
import type { Fitter } from "../model/fitting.ts";
import { type Range, schemeOf } from "../model/range.ts";
import type { Recipe } from "../model/recipe.ts";
import { own } from "../model/record.ts";
import { affineParameters } from "../numerics/affine.ts";
import type { DecodedStretch } from "../numerics/weightFigures.ts";
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
  const choices = choicesOf(layer, plan.target, recipe);
  return encodeWeight(weightSource(layer, use, plan.index), choices, inputScale(layer, use, plan, recipe));
}

/** Finds a planned layer's scales on several threads, for it to be encoded with them, as far as that may be (encode/weight.ts). */
export function fitWeightAhead(
  layer: LayerPlan,
  use: WeightUse,
  { index, target }: QuantizationPlan,
  recipe: PlannedWeightChoices,
  fitters: readonly Fitter[],
  signal: AbortSignal,
): Promise<void> {
  return fitAhead(weightSource(layer, use, index), choicesOf(layer, target, recipe), fitters, signal);
}

/** Whether the scales of a planned layer's weight are refined without data. */
export function isWeightRefined(
  layer: LayerPlan,
  use: WeightUse,
  { target }: QuantizationPlan,
  recipe: PlannedWeightChoices,
): boolean {
  return isRefined(use, choicesOf(layer, target, recipe));
}

/** What a weight whose scales are refined would be without that, of `values`, which are the weight's (encode/nearest.ts). */
export function nearestWeight(
  layer: LayerPlan,
  use: WeightUse,
  { index, target }: QuantizationPlan,
  recipe: PlannedWeightChoices,
  values: Float32Array,
): Iterable<DecodedStretch> {
  return nearestStretches(values, weightSource(layer, use, index), choicesOf(layer, target, recipe));
}

function choicesOf({ id, wide }: LayerPlan, target: QuantizationPlan["target"], recipe: PlannedWeightChoices) {
  return weightChoices(recipe, wide ? onWide(target) : target, id);
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
