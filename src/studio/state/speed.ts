import { takesRanges } from "../../engine/model/format.ts";
import { type Recipe, weightTypesOf } from "../../engine/model/recipe.ts";
import { sameSettings } from "../../engine/recipe/basis.ts";
import { withSettings } from "../../engine/recipe/change.ts";
import { sameValue } from "../../engine/recipe/text.ts";
import { targetOf } from "../../engine/targets/index.ts";
import { significant } from "../../engine/values/figures.ts";
import { nothingIsAwaited } from "./awaited.ts";
import { runJob } from "./jobs.ts";
import { alarm, say, sayNotices } from "./log.ts";
import { editRecipe, isBusy, resolveRecipe } from "./recipe.ts";
import type { Extent } from "./slices/results.ts";
import type { StudioState } from "./slices/studio.ts";
import { isStandIn } from "./standIn.ts";
import { actions, studio } from "./store.ts";

/** What it is decided by which layers are quantized: "own" where a person did. */
export type Goal = "fidelity" | "speed" | "own";

type Present = Pick<StudioState, "project" | "results">;

function extentOf({ elementwise, float }: Recipe): Extent {
  return { elementwise, float };
}

export function goalOf({ project, results }: Present): Goal {
  const present = project.recipe?.present;
  if (!present) return "fidelity";
  if (results.speed && sameValue(extentOf(present), extentOf(results.speed.recipe))) return "speed";
  return present.elementwise === "auto" && !present.float.stored?.length ? "fidelity" : "own";
}

/** Whether what was timed is of other settings than those at hand. */
export function speedIsStale({ project, results }: Present): boolean {
  const present = project.recipe?.present;
  return results.speed !== null && present !== undefined && !sameSettings(present, results.speed.recipe);
}

/** Why the recipe of the moment cannot be timed, in a few words; null where it can. */
export function untimeable({ recipe, calibration, data }: StudioState["project"]): string | null {
  const present = recipe?.present;
  if (!present || !takesRanges(present)) return "needs activations in 8 bits";
  const { isHere, name } = targetOf(present);
  if (!isHere) return `${name} runs elsewhere`;
  if (weightTypesOf(present.weights).some((type) => type !== "int8")) return "needs weights in int8";
  if (!calibration || isStandIn(calibration)) return "calibrate first";
  return data ? null : "needs samples";
}

export function chooseGoal(goal: Goal): Promise<void> | void {
  if (goal === "speed") return chooseFastest();
  if (goal === "fidelity") return chooseFidelity();
}

/** Times the recipe and others in this tab, and takes what the quickest quantizes, as one step of undo. */
async function chooseFastest(): Promise<void> {
  const { project, work } = studio.getState();
  if (!project.calibration || isBusy(work) || untimeable(project) !== null) return;
  const recipe = await resolveRecipe(project.calibration);
  const { calibration } = studio.getState().project;
  if (!recipe || !calibration || !nothingIsAwaited(recipe)) return;
  const measured = await runJob({
    task: "Measuring speed",
    on: recipe.model.name,
    run: (api, report) => api.chooseFastest(recipe, calibration, report),
  });
  const now = studio.getState().project.recipe?.present;
  if (!measured || now?.model.sha256 !== recipe.model.sha256) return;
  if (!sameSettings(now, recipe)) {
    alarm("The recipe was changed while speed was measured, so nothing is taken of it: choose the goal again.");
    return;
  }
  actions.speedMeasured({ ...measured, before: extentOf(recipe) });
  editRecipe("goal speed", (present) => withSettings(present, extentOf(measured.recipe)));
  const [first] = measured.trial.candidates;
  if (first) say("info", `Fastest here: ${first.name}, ${significant(first.milliseconds)} ms a run.`);
  if (measured.notice) sayNotices([measured.notice]);
  await resolveRecipe(calibration);
}

/** Decides on samples again which layers without weights are quantized, and what else speed had changed is as before. */
function chooseFidelity(): void {
  const { speed } = studio.getState().results;
  const isSpeed = goalOf(studio.getState()) === "speed";
  actions.speedForgotten();
  editRecipe("goal fidelity", (present) =>
    withSettings(present, { ...(isSpeed && speed?.before), elementwise: "auto" }),
  );
}
