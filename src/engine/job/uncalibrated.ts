import type { Calibration } from "../model/calibration.ts";
import type { Recipe } from "../model/recipe.ts";
import { isEqualized, isSmoothed } from "../recipe/scaling.ts";
import type { OpenModel } from "./open.ts";

/** What stands for the calibration of a recipe that takes no ranges. */
export function uncalibrated(
  { name, sha256 }: OpenModel,
  recipe: Recipe,
  { preprocess, seed }: Pick<Recipe, "preprocess" | "seed">,
): Calibration {
  const nothing = { observed: [], skipped: [], wanted: 0, prints: null, executors: [], notices: [] };
  const about = {
    model: { name, sha256 },
    equalized: isEqualized(recipe),
    ...(isSmoothed(recipe) && { smoothed: true }),
    statistics: new Map(),
  };
  return { ...about, preprocess, seed, ...nothing };
}
