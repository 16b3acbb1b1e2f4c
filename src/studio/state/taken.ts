import type { Recipe } from "../../engine/model/recipe.ts";
import { targetOf } from "../../engine/targets/index.ts";
import { refusalOf } from "../../engine/targets/target.ts";

/** Whether the recipe's target refuses a change of it, for another reason than it refuses the recipe as it is. */
export function isRefused(recipe: Recipe, changed: Recipe): boolean {
  const refusal = refusalOf(targetOf(changed), changed);
  return refusal !== null && refusal !== refusalOf(targetOf(recipe), recipe);
}
