import type { Remedy } from "../model/diagnosis.ts";
import type { Range } from "../model/range.ts";
import type { Recipe } from "../model/recipe.ts";
import { own } from "../model/record.ts";
import { withSettings } from "./change.ts";
import {
  withActivations,
  withCorrections,
  withFloat,
  withGranularity,
  withGroupDefault,
  withGroupMethod,
  withRounding,
  withSmoothing,
} from "./edits.ts";
import { SETTINGS } from "./settings.ts";
import { sameValue } from "./text.ts";

/**
 * The recipe with a remedy applied. `range` is what a method comes to; without it the engine settles the ranges again.
 */
export function withRemedy(recipe: Recipe, remedy: Remedy, range: Range | null = null): Recipe {
  switch (remedy.kind) {
    case "method": {
      const { group, method } = remedy;
      if (range) return withGroupMethod(recipe, group, method, range);
      const cleared = withGroupDefault(recipe, group);
      return withSettings(cleared, { methods: { ...cleared.methods, [group]: method } });
    }
    case "activations":
      return withActivations(recipe, remedy.activations);
    case "granularity":
      return withGranularity(recipe, remedy.granularity);
    case "equalization":
      return withCorrections(recipe, { equalization: true });
    case "smoothing":
      return withSmoothing(recipe, true);
    case "bias":
      return withCorrections(recipe, { bias: remedy.bias });
    case "rounding":
      return withRounding(recipe, "learned", null);
    case "float":
      return withFloat(recipe, "layers", [remedy.layer], true);
    case "float-tensor":
      return withFloat(recipe, "tensors", [remedy.tensor], true);
  }
}

/** Whether a recipe is as a remedy leaves it. */
export function isApplied(recipe: Recipe, remedy: Remedy): boolean {
  switch (remedy.kind) {
    case "method":
      return own(recipe.methods, remedy.group) === remedy.method && !own(recipe.ranges, remedy.group);
    case "activations":
      return sameValue(SETTINGS.activations(recipe), remedy.activations);
    case "granularity":
      return recipe.weights.granularity === remedy.granularity;
    case "equalization":
      return recipe.corrections.equalization;
    case "smoothing":
      return recipe.corrections.smoothing === true;
    case "bias":
      return recipe.corrections.bias === remedy.bias;
    case "rounding":
      return recipe.weights.rounding === "learned" || recipe.weights.rounding === "finetuned";
    case "float":
      return recipe.float.layers.includes(remedy.layer);
    case "float-tensor":
      return recipe.float.tensors.includes(remedy.tensor);
  }
}
