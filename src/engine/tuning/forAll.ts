import { channelLinks } from "../graph/channelLinks.ts";
import { scalableInputs } from "../graph/inputScales.ts";
import type { Suggestion } from "../model/culprit.ts";
import { hasIntegerActivations, multiplies, takesRanges } from "../model/format.ts";
import type { Recipe } from "../model/recipe.ts";
import type { QuantizationPlan } from "../plan/plan.ts";
import { isApplied, withRemedy } from "../recipe/remedies.ts";
import { refusalOf } from "../targets/target.ts";

const PER_CHANNEL: Suggestion = {
  edit: { kind: "granularity", granularity: "channel" },
  sentence: "Give all weights a scale per channel.",
};
const EQUALIZE: Suggestion = {
  edit: { kind: "equalization" },
  sentence: "Equalize channels, for one scale a tensor: learned from samples.",
};
const SMOOTH: Suggestion = {
  edit: { kind: "smoothing" },
  sentence: "Smooth the channels that MatMul and Gemm read: learned from samples.",
};
const CORRECT: Suggestion = {
  edit: { kind: "bias", bias: "empirical" },
  sentence: "Correct biases: measured on samples.",
};

/**
 * What can be changed for all layers of a model at once under a recipe, in the order worth trying: what the recipe does not have,
 * the target takes and the model has a place for. Whether it gains is known once it is measured.
 */
export function suggestionsForAll(plan: QuantizationPlan, recipe: Recipe): Suggestion[] {
  const hasWeights = plan.layers.some(({ weight, precision }) => weight !== null && precision !== "float32");
  if (!hasWeights || !multiplies(recipe)) return [];
  const { weights, corrections } = recipe;
  const isPerTensor = weights.granularity === "tensor" && weights.block === undefined;
  const wanted: readonly (readonly [Suggestion, boolean])[] = [
    [PER_CHANNEL, isPerTensor],
    [EQUALIZE, isPerTensor && takesRanges(recipe) && channelLinks(plan.index).length > 0],
    [SMOOTH, hasIntegerActivations(recipe) && scalableInputs(plan.index).length > 0],
    [CORRECT, takesRanges(recipe) && corrections.bias === "none"],
  ];
  return wanted
    .filter(([{ edit }, isPossible]) => isPossible && !isApplied(recipe, edit))
    .map(([suggestion]) => suggestion)
    .filter(({ edit }) => refusalOf(plan.target, withRemedy(recipe, edit)) === null);
}
