import { removeLeftovers } from "../../../workers/client.ts";
import type { Calibration } from "../../../workers/protocol.ts";
import type { Recipe } from "../../engine/model/recipe.ts";
import type { Basis } from "../../engine/recipe/basis.ts";
import { plural } from "../../engine/values/figures.ts";
import { nothingIsAwaited } from "./awaited.ts";
import { exportPassphrase } from "./encryption.ts";
import { runJob } from "./jobs.ts";
import { say, sayNotices } from "./log.ts";
import { isBusy, resolveRecipe } from "./recipe.ts";
import type { OpenModel } from "./slices/project.ts";
import { evaluationIsStale, exportBasis, factsOf } from "./steps.ts";
import { actions, studio } from "./store.ts";
import { adoptedIndex } from "./tune.ts";

/** From here on a model's files are written where the person says, and not held in memory as one download. */
const BIG_BYTES = 100e6;

/**
 * Writes all files: to a place that the person chooses where they are big and the browser can, else as one download; those of a model
 * that is larger than what a tab holds as a download each.
 */
export async function exportFiles(): Promise<void> {
  const { project: before, work } = studio.getState();
  const { model } = before;
  if (!model || !before.calibration || isBusy(work)) return;
  const chosen = exportPassphrase();
  if (chosen === "missing") return;
  const { passphrase } = chosen;
  const target = model.summary.bytes >= BIG_BYTES && !model.large ? await chooseTarget(model) : null;
  if (target === "none") return;
  const recipe = await resolveRecipe(before.calibration);
  const state = studio.getState();
  const { calibration } = state.project;
  if (!recipe || !calibration || !nothingIsAwaited(recipe)) return;
  const facts = factsOf(state);
  const basis = exportBasis(facts);
  if (model.large) return exportEach(recipe, calibration, passphrase, basis);
  const evaluation = evaluationIsStale(facts) ? null : (facts.evaluation?.result ?? null);
  const search = adoptedIndex(state) === null ? null : (state.results.tuning?.result ?? null);
  const written = await runJob({
    task: "Exporting",
    on: recipe.model.name,
    run: (api, report) => api.exportFiles(recipe, calibration, evaluation, search, passphrase, report, target),
  });
  if (!written) return;
  const zipName = target?.name ?? written.zipName;
  if (!target) download(written.zip, zipName);
  const { files, notices } = written;
  const zip = { name: zipName, bytes: written.zip.size };
  actions.exportFinished({ result: { zip, files, notices }, basis });
  say("info", target ? `${zipName} is written.` : `${zipName} is in your downloads.`);
  sayNotices(notices.filter(({ kind }) => kind === "warning"));
}

/** Writes the files one tensor at a time to where the browser keeps them for this page, and downloads them from there. */
async function exportEach(
  recipe: Recipe,
  calibration: Calibration,
  passphrase: string | null,
  basis: Basis,
): Promise<void> {
  const result = await runJob({
    task: "Exporting",
    on: recipe.model.name,
    run: (api, report) => api.writeFiles(recipe, calibration, passphrase, report),
  });
  if (!result) return removeLeftovers();
  const { files, notices } = result;
  for (const { file, name } of files) download(file, name);
  actions.exportFinished({ result: { zip: null, files, notices }, basis });
  say("info", `${plural(files.length, "file")} of ${recipe.model.name} are in your downloads.`);
  sayNotices(notices.filter(({ kind }) => kind === "warning"));
}

interface SavePicker {
  readonly showSaveFilePicker?: (options: { readonly suggestedName: string }) => Promise<FileSystemFileHandle>;
}

/** Asks where the files go, which only a press may do; "none" where the person thought better of it. */
async function chooseTarget({ summary }: OpenModel): Promise<FileSystemFileHandle | null | "none"> {
  const { showSaveFilePicker } = window as SavePicker;
  if (!showSaveFilePicker) return null;
  try {
    return await showSaveFilePicker({ suggestedName: `${summary.name}.octet.zip` });
  } catch (error) {
    return (error as Error).name === "AbortError" ? "none" : null;
  }
}

/** Hands a file to the browser as a download. */
export function download(blob: Blob, name: string): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}
