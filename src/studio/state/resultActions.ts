import { basisOf } from "../../engine/recipe/basis.ts";
import { exportPassphrase } from "./encryption.ts";
import { download } from "./export.ts";
import { calibrationFingerprint } from "./fingerprint.ts";
import { runJob } from "./jobs.ts";
import { alarm, say, sayNotices } from "./log.ts";
import { preparedHere } from "./preparation.ts";
import { editRecipe, isForInputs } from "./recipe.ts";
import { evaluationIsStale, factsOf } from "./steps.ts";
import { actions, studio } from "./store.ts";
import type { OwnResult } from "./stored.ts";
import { judged } from "./verdict.ts";
import { inquire } from "./workers.ts";

/** Makes the recipe of a result the recipe of the moment, as one step of undo, and its figures the results. */
export async function reopenResult(result: OwnResult): Promise<void> {
  const { name, recipe, evaluation, samples, fingerprint } = result;
  const {
    project: { model },
    view: { limit },
  } = studio.getState();
  if (!model) return;
  if (!isForInputs(recipe, `“${name}” was measured`)) return;
  const prepared = preparedHere(recipe, model.summary, `Opening “${name}”`);
  if (!prepared) return;
  editRecipe(`result ${name}`, () => prepared);
  const basis = basisOf("evaluation", { recipe, samples, data: fingerprint });
  actions.evaluationFinished({ result: judged(evaluation, limit), basis });
  const cause =
    prepared === recipe
      ? "on other samples than those at hand"
      : "of the model as another version of Octet prepares it";
  const stale = evaluationIsStale(factsOf(studio.getState()))
    ? ` Its figures are stale: they were measured ${cause}.`
    : "";
  say("info", `“${name}” is open again.${stale}`);
  if (await isOfCalibration(result)) return;
  say(
    "warning",
    `The ranges of “${name}” came from another calibration (${result.calibration.observed} samples) than the one at hand, whose statistics and caches would be exported beside them: calibrate to have them chosen anew.`,
  );
}

/** Whether a result came from the calibration at hand. */
async function isOfCalibration({ calibration: from }: OwnResult): Promise<boolean> {
  const { calibration } = studio.getState().project;
  return calibration !== null && (await calibrationFingerprint(calibration)) === from.fingerprint;
}

/** Downloads the recipe of a result. */
export async function exportRecipe({ name, recipe }: OwnResult): Promise<void> {
  const chosen = exportPassphrase();
  if (chosen === "missing") return;
  const fileName = `${recipe.model.name}.${slug(name)}.recipe.json`;
  const written = await inquire("Exporting", (api) => api.recipeFile(recipe, fileName, chosen.passphrase));
  if (written) download(written.file, written.name);
}

/** Downloads all files of a result; that needs the calibration it came from. */
export async function exportResult(result: OwnResult): Promise<void> {
  const { name, recipe, evaluation, calibration: from } = result;
  const { project, work } = studio.getState();
  const { calibration, model } = project;
  if (work.job || !isForInputs(recipe, `“${name}” was measured`)) return;
  if (model && recipe.preparation !== model.summary.generation) {
    alarm(
      `“${name}” was measured of the model as another version of Octet prepares it: open it again and evaluate, or export its recipe alone.`,
    );
    return;
  }
  if (!calibration || !(await isOfCalibration(result))) {
    alarm(
      `“${name}” came from another calibration (${from.observed} samples) than the one at hand: calibrate as then to have all its files, or export its recipe alone.`,
    );
    return;
  }
  const chosen = exportPassphrase();
  if (chosen === "missing") return;
  const written = await runJob({
    task: "Exporting",
    on: name,
    run: (api, report) => api.exportFiles(recipe, calibration, evaluation, null, chosen.passphrase, report),
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
