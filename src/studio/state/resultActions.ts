import { basisOf } from "../../engine/recipe/basis.ts";
import { download } from "./export.ts";
import { calibrationFingerprint } from "./fingerprint.ts";
import { runJob } from "./jobs.ts";
import { alarm, say, sayNotices } from "./log.ts";
import { editRecipe } from "./recipe.ts";
import { evaluationIsStale, factsOf } from "./steps.ts";
import { actions, studio } from "./store.ts";
import type { StoredResult } from "./stored.ts";
import { judged } from "./verdict.ts";
import { inquire } from "./workers.ts";

/** Makes the recipe of a result the recipe of the moment, as one step of undo, and its figures the results. */
export function reopenResult({ name, recipe, evaluation, samples, fingerprint }: StoredResult): void {
  const {
    project: { recipe: history },
    view: { limit },
  } = studio.getState();
  if (!history) return;
  if (JSON.stringify(history.present.inputs) !== JSON.stringify(recipe.inputs)) {
    alarm(`“${name}” was measured with other shapes or values of the inputs: set them in the Model step first.`);
    return;
  }
  editRecipe(`result ${name}`, () => recipe);
  const basis = basisOf("evaluation", { recipe, samples, data: fingerprint });
  actions.evaluationFinished({ result: judged(evaluation, limit), basis });
  const stale = evaluationIsStale(factsOf(studio.getState()))
    ? " Its figures are stale: they were measured on other samples than those at hand."
    : "";
  say("info", `“${name}” is open again.${stale}`);
}

/** Downloads the recipe of a result. */
export async function exportRecipe({ name, recipe }: StoredResult): Promise<void> {
  const text = await inquire("Exporting", (api) => api.recipeJson(recipe));
  if (text === null) return;
  download(new Blob([text], { type: "application/json" }), `${recipe.model.name}.${slug(name)}.recipe.json`);
}

/** Downloads all files of a result; that needs the calibration it came from. */
export async function exportResult({ name, recipe, evaluation, calibration: from }: StoredResult): Promise<void> {
  const { project, work } = studio.getState();
  const { calibration } = project;
  if (work.job) return;
  if (!calibration || (await calibrationFingerprint(calibration)) !== from.fingerprint) {
    alarm(
      `“${name}” came from another calibration (${from.observed} samples) than the one at hand: calibrate as then to have all its files, or export its recipe alone.`,
    );
    return;
  }
  const written = await runJob({
    task: "Exporting",
    on: name,
    run: (api, report) => api.exportFiles(recipe, calibration, evaluation, null, report),
  });
  if (!written) return;
  const zipName = written.zipName.replace(/\.octet\.zip$/, `.${slug(name)}.octet.zip`);
  download(written.zip, zipName);
  say("info", `${zipName} is in your downloads.`);
  sayNotices(written.notices.filter(({ kind }) => kind === "warning"));
}

/** What a file name can hold of a result's name. */
function slug(name: string): string {
  return name.replace(/[^\p{L}\p{N}]+/gu, "-").replace(/^-|-$/g, "") || "result";
}
