import type { Recipe } from "../model/recipe.ts";
import { targetOf } from "./index.ts";

/** Whether the layers of what a recipe writes compute in bfloat16, for which nothing that is here has kernels. */
export function isComputedInBfloats(recipe: Pick<Recipe, "target" | "format">): boolean {
  return recipe.format === "bfloat16" && targetOf(recipe).computesBfloats;
}
