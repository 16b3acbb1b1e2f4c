import { stat } from "node:fs/promises";
import { RECIPE_FORMATS } from "../src/engine/model/format.ts";
import type { Notice } from "../src/engine/model/job.ts";
import type { Recipe } from "../src/engine/model/recipe.ts";
import { openedName, readRecipe, sealedName } from "../src/engine/project/index.ts";
import { WEIGHT_TYPES } from "../src/engine/values/codes.ts";
import { givenPassphrase, VARIABLE } from "./passphrase.ts";
import { documentOf } from "./recipeOptions.ts";

/** What a quantized model is written as, and the recipe beside it. */
const WRITTEN = new RegExp(`\\.(${[...WEIGHT_TYPES, "mixed", ...RECIPE_FORMATS].join("|")})\\.onnx$`);

export interface RecipeBeside {
  /** Null where there is none, or it is locked. */
  readonly recipe: Recipe | null;
  /** The path of one that is encrypted where no passphrase is set; null otherwise. */
  readonly locked: string | null;
}

/**
 * The recipe of a quantized model: the file given, else the one that it was written with, where that lies beside it. Throws InputError
 * when it cannot be read.
 */
export async function recipeOf(quantized: string, given: string | null): Promise<RecipeBeside> {
  const beside = WRITTEN.test(quantized) ? quantized.replace(WRITTEN, ".recipe.json") : null;
  const path = given ?? (beside && (await firstThere(beside)));
  const isLocked = given === null && path !== null && openedName(path) !== path && givenPassphrase() === null;
  return isLocked ? { recipe: null, locked: path } : { recipe: await documentOf(path, readRecipe), locked: null };
}

/** A file, or where there is none the one that it was encrypted to; null where there is neither. */
export async function firstThere(path: string): Promise<string | null> {
  for (const each of [path, sealedName(path)]) if (await stat(each).catch(() => null)) return each;
  return null;
}

/** Said where samples that calibrated cannot be told from others. */
export function unknownNotices({ recipe, locked }: RecipeBeside, quantized: string): Notice[] {
  if (recipe?.prints) return [];
  const why = recipe
    ? "its recipe does not say"
    : locked
      ? `${locked} is encrypted, and ${VARIABLE} is not set`
      : "no recipe lies beside it, and --recipe gives none";
  const message = `Which samples calibrated ${quantized} is not known (${why}), so that some may be among those that judge.`;
  return [{ kind: "info", subject: quantized, message }];
}
