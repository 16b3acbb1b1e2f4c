import { runJob } from "./jobs.ts";
import { say, sayNotices } from "./log.ts";
import { isBusy, resolveRecipe } from "./recipe.ts";
import { roundingIsThere } from "./rounding.ts";
import { evaluationIsStale, exportBasis } from "./steps.ts";
import { type StudioState, studio } from "./store.ts";
import { adoptedIndex } from "./tune.ts";

/** From here on a model's files are written where the person says, and not held in memory as one download. */
const BIG_BYTES = 100e6;

/** Writes all files: to a place that the person chooses where they are big and the browser can, else as one download. */
export async function exportFiles(): Promise<void> {
  const before = studio.getState();
  if (!before.calibration || isBusy(before)) return;
  const target = (before.model?.summary.bytes ?? 0) >= BIG_BYTES ? await chooseTarget(before) : null;
  if (target === "none") return;
  const recipe = await resolveRecipe(before.calibration);
  const state = studio.getState();
  const { calibration } = state;
  if (!recipe || !calibration || !roundingIsThere(recipe)) return;
  const basis = exportBasis(state);
  const evaluation = evaluationIsStale(state) ? null : (state.evaluation?.result ?? null);
  const search = adoptedIndex(state) === null ? null : (state.tuning?.result ?? null);
  const written = await runJob({
    task: "Exporting",
    on: recipe.model.name,
    run: (api, report) => api.exportFiles(recipe, calibration, evaluation, search, report, target),
  });
  if (!written) return;
  const zipName = target?.name ?? written.zipName;
  if (!target) download(written.zip, zipName);
  studio.setState({
    exported: {
      result: { zipName, zipBytes: written.zip.size, files: written.files, notices: written.notices },
      basis,
    },
  });
  say("info", target ? `${zipName} is written.` : `${zipName} is in your downloads.`);
  sayNotices(written.notices.filter(({ kind }) => kind === "warning"));
}

interface SavePicker {
  readonly showSaveFilePicker?: (options: { readonly suggestedName: string }) => Promise<FileSystemFileHandle>;
}

/** Asks where the files go, which only a press may do; "none" where the person thought better of it. */
async function chooseTarget({ model }: StudioState): Promise<FileSystemFileHandle | null | "none"> {
  const { showSaveFilePicker } = window as SavePicker;
  if (!showSaveFilePicker || !model) return null;
  try {
    return await showSaveFilePicker({ suggestedName: `${model.summary.name}.octet.zip` });
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
