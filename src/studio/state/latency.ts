import { plural } from "../../engine/values/figures.ts";
import { nothingIsAwaited } from "./awaited.ts";
import { runJob } from "./jobs.ts";
import { say } from "./log.ts";
import { isBusy, resolveRecipe } from "./recipe.ts";

import type { StudioState } from "./slices/studio.ts";
import { actions, studio } from "./store.ts";

/** Why layers cannot be timed now, in a few words; null where they can. */
export function untimed({
  project: { calibration, data },
  work,
}: Pick<StudioState, "project" | "work">): string | null {
  if (!calibration) return "calibrate first";
  if (!data) return "needs samples";
  return isBusy(work) ? "another job runs" : null;
}

/** Times every layer of the model that would be exported, in this tab. */
export async function timeLayers(): Promise<void> {
  const { project } = studio.getState();
  const { calibration } = project;
  if (!calibration || untimed(studio.getState()) !== null) return;
  const recipe = await resolveRecipe(calibration);
  if (!recipe || !nothingIsAwaited(recipe)) return;
  const result = await runJob({
    task: "Timing the layers",
    on: recipe.model.name,
    run: (api, report) => api.layerTimes(recipe, report),
  });
  if (!result || studio.getState().project.model?.file !== project.model?.file) return;
  actions.layersTimed({ result, recipe });
  say("info", `${plural(result.layers.length, "layer")} timed in ${plural(result.runs, "run")}.`);
}
