import { stat } from "node:fs/promises";
import { RECIPE_FORMATS } from "../src/engine/model/format.ts";
import type { Notice } from "../src/engine/model/job.ts";
import type { Recipe } from "../src/engine/model/recipe.ts";
import { openedName, readRecipe, sealedName } from "../src/engine/project/index.ts";
import { WEIGHT_TYPES } from "../src/engine/values/codes.ts";
import { givenPassphrase } from "./passphrase.ts";
import { documentOf } from "./recipeOptions.ts";

/** What a quantized model is written as, and the recipe beside it. */
const WRITTEN = new RegExp(`\\.(${[...WEIGHT_TYPES, "mixed", ...RECIPE_FORMATS].join("|")})\\.onnx$`);

/**
 * The recipe of a quantized model: the file given, else the one that it was written with, where that lies beside it; null where
 * there is none, or it is encrypted and no passphrase is set. Throws InputError when it cannot be read.
 */
export async function recipeOf(quantized: string, given: string | null): Promise<Recipe | null> {
  if (given !== null || !WRITTEN.test(quantized)) return documentOf(given, readRecipe);
  const beside = await firstThere(quantized.replace(WRITTEN, ".recipe.json"));
  const isLocked = beside !== null && openedName(beside) !== beside && givenPassphrase() === null;
  return isLocked ? null : documentOf(beside, readRecipe);
}

/** A file, or where there is none the one that it was encrypted to; null where there is neither. */
export async function firstThere(path: string): Promise<string | null> {
  for (const each of [path, sealedName(path)]) if (await stat(each).catch(() => null)) return each;
  return null;
}

/** Said where samples that calibrated cannot be told from others. */
export function unknownNotices(recipe: Recipe | null, quantized: string): Notice[] {
  if (recipe?.prints) return [];
  const why = recipe ? "its recipe does not say" : "no recipe that can be read lies beside it, and --recipe gives none";
  const message = `Which samples calibrated ${quantized} is not known (${why}), so that some may be among those that judge.`;
  return [{ kind: "info", subject: quantized, message }];
}
