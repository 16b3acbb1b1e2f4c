import type { Range } from "../../engine/model/range.ts";
import type { Recipe } from "../../engine/model/recipe.ts";
import { rangePartOf } from "./recipeParts.ts";
import { studio } from "./store.ts";
import { analysis } from "./workers.ts";

/** What a range under the pointer would do to a group. */
export async function estimateRange(group: string, range: Range) {
  const { recipe } = studio.getState().project;
  if (!recipe) throw new Error("no model is open");
  const { activations } = recipe.present;
  return analysis.ask((api) => api.estimate(group, activations, range));
}

/** What is known of a group under a recipe; `window` is the interval that the histogram is drawn over. */
export function analyseGroup(group: string, recipe: Recipe, window: Range | null) {
  return analysis.ask((api) => api.analyse(group, rangePartOf(group, recipe), window));
}
