import { stat } from "node:fs/promises";
import { RECIPE_FORMATS } from "../src/engine/model/format.ts";
import type { Notice } from "../src/engine/model/job.ts";
import type { Recipe } from "../src/engine/model/recipe.ts";
import { readRecipe } from "../src/engine/project/index.ts";
import { WEIGHT_TYPES } from "../src/engine/values/codes.ts";
import { documentOf } from "./recipeOptions.ts";

/** What a quantized model is written as, and the recipe beside it. */
const WRITTEN = new RegExp(`\\.(${[...WEIGHT_TYPES, "mixed", ...RECIPE_FORMATS].join("|")})\\.onnx$`);

/**
 * The recipe of a quantized model: the file given, else the one that it was written with, where that lies beside it; null where
 * there is none. Throws InputError when it cannot be read.
 */
export async function recipeOf(quantized: string, given: string | null): Promise<Recipe | null> {
  const beside = WRITTEN.test(quantized) ? quantized.replace(WRITTEN, ".recipe.json") : null;
  const isThere = given === null && beside !== null && (await stat(beside).catch(() => null)) !== null;
  return documentOf(isThere ? beside : given, readRecipe);
}

/** Said where samples that calibrated cannot be told from others. */
export function unknownNotices(recipe: Recipe | null, quantized: string): Notice[] {
  if (recipe?.prints) return [];
  const why = recipe ? "its recipe does not say" : "no recipe lies beside it, and --recipe gives none";
  const message = `Which samples calibrated ${quantized} is not known (${why}), so that some may be among those that judge.`;
  return [{ kind: "info", subject: quantized, message }];
}
