import { runJob } from "./jobs.ts";
import { say } from "./log.ts";
import { isResolving, resolveRecipe } from "./recipe.ts";
import { evaluationIsStale, exportBasis } from "./steps.ts";
import { studio } from "./store.ts";
import { adoptedIndex } from "./tune.ts";

/** Writes all files and hands them to the browser as one download. */
export async function exportFiles(): Promise<void> {
  const before = studio.getState();
  if (!before.calibration || (before.job && !isResolving())) return;
  const recipe = await resolveRecipe(before.calibration);
  const state = studio.getState();
  const { calibration } = state;
  if (!recipe || !calibration) return;
  const basis = exportBasis(state);
  const evaluation = evaluationIsStale(state) ? null : (state.evaluation?.result ?? null);
  const search = adoptedIndex(state) === null ? null : (state.tuning?.result ?? null);
  const written = await runJob({
    task: "Exporting",
    on: recipe.model.name,
    run: (api, report) => api.exportFiles(recipe, calibration, evaluation, search, report),
  });
  if (!written) return;
  download(written.zip, written.zipName);
  const result = { zipName: written.zipName, zipBytes: written.zip.size, files: written.files };
  studio.setState({ exported: { result, basis } });
  say("info", `${written.zipName} is in your downloads.`);
}

/** Hands a file to the browser as a download. */
export function download(blob: Blob, name: string): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}
