import type { Calibration } from "../model/calibration.ts";
import type { Recipe } from "../model/recipe.ts";
import { basisOf, isCurrent } from "./basis.ts";
import { withLearned } from "./change.ts";
import { missing } from "./derivations.ts";
import { digestOf } from "./digest.ts";
import { joinPrints } from "./prints.ts";
import { sameValue } from "./text.ts";

/** What decides how channels of a model are scaled before it is observed. */
type Scaling = Pick<Recipe, "corrections" | "factors" | "smoothed">;

export function isEqualized({ corrections, factors }: Omit<Scaling, "smoothed">): boolean {
  return corrections.equalization && factors !== null;
}

/** Whether smoothing changes the model: where nothing gained it does not. */
export function isSmoothed({ corrections, smoothed }: Omit<Scaling, "factors">): boolean {
  return corrections.smoothing === true && Object.keys(smoothed ?? {}).length > 0;
}

/** Tells the factors that scale channels under a recipe from others, a digest in hexadecimal; null where none do. */
export function scalingOf(recipe: Scaling): string | null {
  const factors = isEqualized(recipe) ? recipe.factors : null;
  const smoothed = isSmoothed(recipe) ? (recipe.smoothed ?? null) : null;
  return factors || smoothed ? digestOf({ factors, smoothed }) : null;
}

/** Whether a calibration observed the model scaled by the factors of a recipe, as far as it says by which. */
export function isScaledBy(recipe: Scaling, { scaling }: Pick<Calibration, "scaling">): boolean {
  return scaling === undefined || scaling === scalingOf(recipe);
}

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
