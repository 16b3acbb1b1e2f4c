import { takesCodes } from "../../engine/model/format.ts";
import type { Recipe } from "../../engine/model/recipe.ts";
import { sameValue } from "../../engine/recipe/text.ts";
import { runJob } from "./jobs.ts";
import type { StudioState } from "./slices/studio.ts";
import { actions, studio } from "./store.ts";

export const COMPARING = "Comparing weights";

/** Whether a recipe has scales of blocks found by least error, without data. */
export function isRefinedBy({ format, weights }: Pick<Recipe, "format" | "weights">): boolean {
  const { block, type, algorithm = "hqq" } = weights;
  return takesCodes({ format }) && block !== undefined && type !== "nf4" && algorithm === "hqq";
}

/** What of a recipe decides what its weights are, and what they would be with other scales. */
function weightsOf({ target, format, float, weights, factors, smoothed, inputScales, codes }: Recipe) {
  return [target ?? null, format, float, weights, factors, smoothed ?? null, inputScales ?? null, codes ?? null];
}

/** Whether what was gained was measured under other weights than those at hand. */
export function refinementIsStale({ project, results }: StudioState): boolean {
  const recipe = project.recipe?.present;
  const measured = results.refinement?.recipe;
  return !recipe || !measured || (recipe !== measured && !sameValue(weightsOf(recipe), weightsOf(measured)));
}

/** Measures on the weights what scales of least error gained over those of the largest weights. */
export async function measureRefinement(): Promise<void> {
  const { model, recipe } = studio.getState().project;
  const present = recipe?.present;
  if (!present) return;
  const result = await runJob({
    task: COMPARING,
    on: "the weights themselves",
    run: (api, report) => api.refinement(present, report),
  });
  if (result && studio.getState().project.model?.file === model?.file) {
    actions.refinementMeasured({ result, recipe: present });
  }
}
