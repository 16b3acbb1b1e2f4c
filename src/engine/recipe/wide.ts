import type { Recipe } from "../model/recipe.ts";
import { withSettings } from "./change.ts";

/** Has these layers, and no others, be in 16 bits where all others are in 8; where there are none, nothing is said of it. */
export function withWide(recipe: Recipe, layers: readonly string[]): Recipe {
  return layers.length === 0 && recipe.wide === undefined ? recipe : withSettings(recipe, { wide: layers });
}
