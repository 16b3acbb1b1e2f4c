import type { Recipe } from "../model/recipe.ts";
import { basisOf, isCurrent } from "./basis.ts";
import { withLearned } from "./change.ts";
import { missing } from "./derivations.ts";
import { joinPrints } from "./prints.ts";
import { sameValue } from "./text.ts";

const SCALING = ["factors", "smoothed"] as const;

/** The recipe with what another has learned of how channels are scaled, where it lacks that and the other learned it under the same settings. */
export function withScalingOf(recipe: Recipe, other: Recipe): Recipe {
  const taken = SCALING.reduce((made, part) => {
    const isOpen = missing(made).includes(part) && !!other[part];
    const isSame = isOpen && isCurrent(part, basisOf(part, { recipe: other }), { recipe: made });
    return isSame ? withLearned(made, { [part]: other[part] }) : made;
  }, recipe);
  return taken === recipe ? recipe : { ...taken, prints: joinPrints(recipe.prints, other.prints) };
}

/** Whether tensors of the model hold the same under both recipes: scaled by the same factors, all of them learned, of samples prepared and taken alike. */
export function isObservedAlike(recipe: Recipe, other: Recipe): boolean {
  if (SCALING.some((part) => missing(recipe).includes(part))) return false;
  const isScaledAlike = sameValue(recipe.inputScales, other.inputScales);
  return isScaledAlike && isCurrent("statistics", basisOf("statistics", { recipe: other }), { recipe });
}
