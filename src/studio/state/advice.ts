import type { Advice, AdviceOption } from "../../engine/model/advice.ts";
import { DEFAULT_TARGET, type TargetName } from "../../engine/model/target.ts";
import { withAdvice } from "../../engine/recipe/edits.ts";
import { runJob } from "./jobs.ts";
import { alarmUntil, say } from "./log.ts";
import { editRecipe } from "./recipe.ts";
import type { StudioState } from "./slices/studio.ts";
import { actions, studio } from "./store.ts";
import { inquire } from "./workers.ts";

/** What is right for the open model by its graph; null where that cannot be said, which is told. */
export function adviceByGraph(target: TargetName): Promise<Advice | null> {
  return inquire("Advice", (api) => api.advise(target));
}

/** What was measured for the target of the recipe on the data at hand; null where nothing was. */
export function measuredAdvice({ project, results }: StudioState): Advice | null {
  const { recipe, data } = project;
  const { advice } = results;
  const target = recipe?.present.target ?? DEFAULT_TARGET;
  return advice && advice.advice.target === target && advice.data === data?.fingerprint ? advice.advice : null;
}

/** Measures every recipe that may be right on the samples at hand. */
export async function measureAdvice(target: TargetName): Promise<void> {
  const { recipe, data } = studio.getState().project;
  if (!recipe) return;
  if (!data) {
    alarmUntil("samples", "Advice by measuring needs the samples: drop them in again.");
    return;
  }
  const advice = await runJob({
    task: "Measuring recipes",
    on: recipe.present.model.name,
    run: (api, report) => api.adviseOn(recipe.present, target, report),
  });
  if (advice) actions.adviceMeasured({ advice, data: data.fingerprint });
}

/** Makes a recipe that was advised, or considered, the recipe of the moment: one step of undo. */
export function takeAdvice(target: TargetName, { name, settings }: AdviceOption): void {
  editRecipe(`advice ${name}`, (recipe) => withAdvice(recipe, target, settings));
  say("info", `The recipe is now: ${name}.`);
}
