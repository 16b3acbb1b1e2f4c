import { readCalibration as readCache } from "../artifacts/cache.ts";
import { classify } from "../artifacts/document.ts";
import { readRecipe as readRecipeText } from "../artifacts/recipe.ts";
import { parsePreprocess as parsePreprocessJson } from "../data/parsePreprocess.ts";
import type { Calibration } from "../model/calibration.ts";
import { InputError } from "../model/job.ts";
import type { Preprocess } from "../model/preprocess.ts";
import type { Recipe } from "../model/recipe.ts";

/** A recipe file. Throws InputError when it is none. */
export function readRecipe(text: string, fileName: string): Recipe {
  return readRecipeText(text, fileName, parsePreprocessJson);
}

/** A calibration cache. Throws InputError when it is none. */
export function readCalibration(text: string, fileName: string): Calibration {
  return readCache(text, fileName, parsePreprocessJson);
}

/** A recipe or a calibration cache, told apart by what the file says it is. Throws InputError when it is neither. */
export function readDocument(
  text: string,
  fileName: string,
): { readonly recipe: Recipe } | { readonly calibration: Calibration } {
  return classify(text, fileName) === "recipe"
    ? { recipe: readRecipe(text, fileName) }
    : { calibration: readCalibration(text, fileName) };
}

/** The JSON of a preprocessing. Throws InputError when a field is wrong. */
export function parsePreprocess(text: string, fileName: string): Preprocess {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    throw new InputError(`${fileName} is not JSON (${(error as Error).message}).`);
  }
  return parsePreprocessJson(json, fileName);
}

export { writeJson } from "../artifacts/json.ts";
export { writeRecipe } from "../artifacts/recipe.ts";
