import type { PathFile } from "../../../workers/protocol.ts";
import { plural } from "../../engine/values/figures.ts";
import { runJob } from "./jobs.ts";
import { say } from "./log.ts";
import { isBusy, resolveRecipe } from "./recipe.ts";
import type { StudioState } from "./slices/studio.ts";
import { actions, studio } from "./store.ts";

/** Runs new samples on the float model, and says how they lie beside those that calibrated. */
export async function measureDrift(files: readonly PathFile[]): Promise<void> {
  const { project, work } = studio.getState();
  const { calibration, model } = project;
  if (!calibration || isBusy(work)) return;
  const recipe = await resolveRecipe(calibration);
  if (!recipe) return;
  const data = calledBy(files);
  const result = await runJob({
    task: "Holding new samples against the calibration",
    on: data,
    run: (api, report) => api.drift(recipe, calibration, files, report),
  });
  if (!result || studio.getState().project.model?.file !== model?.file) return;
  actions.driftMeasured({ result, recipe, calibration, data });
  say("info", `${plural(result.samples.seen, "new sample")} of ${data} beside the calibration: ${result.verdict}.`);
}

/** The folder that all lie in, or the one file, or how many there are. */
function calledBy(files: readonly PathFile[]): string {
  const [first] = files;
  if (!first || files.length === 1) return first?.path ?? "";
  const folder = first.path.slice(0, first.path.indexOf("/") + 1);
  return folder !== "" && files.every(({ path }) => path.startsWith(folder)) ? folder : plural(files.length, "file");
}

export function driftIsStale({ results, project }: StudioState): boolean {
  const { drift } = results;
  return drift !== null && (drift.calibration !== project.calibration || drift.recipe !== project.recipe?.present);
}
