import type { Recipe } from "../model/recipe.ts";
import { withSettings } from "./change.ts";

/** Has these layers, and no others, be in 16 bits where all others are in 8; where there are none, nothing is said of it. */
export function withWide(recipe: Recipe, layers: readonly string[]): Recipe {
  if (layers.length > 0) return withSettings(recipe, { wide: layers });
  if (recipe.wide === undefined) return recipe;
  const { wide: _, ...without } = withSettings(recipe, { wide: [] });
  return without;
}
