import { channelLinks } from "../graph/channelLinks.ts";
import { scalableInputs } from "../graph/inputScales.ts";
import type { Suggestion } from "../model/culprit.ts";
import { hasIntegerActivations, multiplies, takesRanges } from "../model/format.ts";
import type { Recipe } from "../model/recipe.ts";
import type { QuantizationPlan } from "../plan/plan.ts";
import { isApplied, withRemedy } from "../recipe/remedies.ts";
import { refusalOf } from "../targets/target.ts";
import { weightBits } from "../values/codes.ts";

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
const LEARN: Suggestion = {
  edit: { kind: "rounding" },
  sentence: "Learn rounding: whether each weight goes up or down, from samples.",
};

/** From so many bits on it is not worth learning how weights round: docs/culprits.md. */
const MANY_BITS = 8;

/**
 * What can be changed for all layers of a model at once under a recipe, in the order worth trying: what the recipe does not have,
 * the target takes and the model has a place for. Whether it gains is known once it is measured.
 */
export function suggestionsForAll(plan: QuantizationPlan, recipe: Recipe): Suggestion[] {
  const hasWeights = plan.layers.some(({ weight, precision }) => weight !== null && precision !== "float32");
  if (!hasWeights) return [];
  const { weights, corrections } = recipe;
  const rounds = weights.rounding === "nearest" && weightBits(weights.type) < MANY_BITS;
  const isPerTensor = weights.granularity === "tensor" && weights.block === undefined;
  const wanted: readonly (readonly [Suggestion, boolean])[] = [
    [PER_CHANNEL, isPerTensor && multiplies(recipe)],
    [EQUALIZE, isPerTensor && takesRanges(recipe) && channelLinks(plan.index).length > 0],
    [SMOOTH, hasIntegerActivations(recipe) && scalableInputs(plan.index).length > 0],
    [CORRECT, takesRanges(recipe) && corrections.bias === "none"],
    [LEARN, rounds],
  ];
  return wanted
    .filter(([{ edit }, isPossible]) => isPossible && !isApplied(recipe, edit))
    .map(([suggestion]) => suggestion)
    .filter(({ edit }) => refusalOf(plan.target, withRemedy(recipe, edit)) === null);
}
