import type { Evaluation } from "../../engine/model/evaluation.ts";
import type { QuantizedBeside, QuantizedFile } from "../../engine/model/quantizedFile.ts";
import type { Recipe } from "../../engine/model/recipe.ts";
import { withSettings } from "../../engine/recipe/change.ts";
import { plural } from "../../engine/values/figures.ts";
import { compareFirst } from "./comparing.ts";
import { runJob } from "./jobs.ts";
import { addFileResult } from "./keptResults.ts";
import { say } from "./log.ts";
import { preparedHere } from "./preparation.ts";
import { isDisprovedNow } from "./preprocess.ts";
import { isBusy } from "./recipe.ts";
import type { StudioState } from "./slices/studio.ts";
import type { QuantizedFiles } from "./slices/view.ts";
import { actions, studio } from "./store.ts";
import { inTurn } from "./turns.ts";
import { unjudged } from "./verdict.ts";
import { inquire } from "./workers.ts";

/** A quantized file as it was read; `own` is null without its float model. */
export interface ReadFile {
  readonly file: QuantizedFile;
  readonly own: QuantizedBeside | null;
}

/** What a quantized file holds, beside the open model where there is one, once all that was dropped is taken; null where it is not read, which is told. */
export function readQuantized(files: QuantizedFiles): Promise<ReadFile | null> {
  return inTurn(() => read(files));
}

async function read({ file, beside }: QuantizedFiles): Promise<ReadFile | null> {
  if (studio.getState().project.model) {
    const own = await runJob({
      task: "Comparing",
      on: file.name,
      run: (api, report) => api.readBeside(file, file.name, beside, report),
    });
    if (own) {
      actions.besideRead(own.file);
      return { file: own.file, own };
    }
  }
  const alone = await inquire("Reading the quantized model", (api) => api.readQuantized(file, file.name, beside));
  return alone && { file: alone, own: null };
}

/**
 * Float against the quantized file on the samples that do not calibrate, as an export is judged, so that both can be compared; on all
 * where every sample calibrates. It is kept among the results. Null where it was cancelled or failed, which is told.
 */
export async function judgeBeside(beside: QuantizedBeside): Promise<Evaluation | null> {
  const { project, view } = studio.getState();
  const { model, recipe, data } = project;
  if (!model || !recipe || !data) return null;
  const all = data.summary.samples;
  const samples = all > project.samples ? project.samples : 0;
  const evaluation = await runJob({
    task: "Evaluating",
    on: "the quantized model",
    run: async (api, report) => {
      await compareFirst(api, project, report);
      const range = { skip: samples, samples: all - samples };
      const measured = await api.evaluateBeside(recipe.present, range, view.limit, report);
      const { results } = studio.getState();
      return isDisprovedNow({ project, results }) ? unjudged(measured) : measured;
    },
  });
  if (!evaluation) return null;
  const { sha256 } = model.summary;
  await addFileResult(beside, { sha256, samples, fingerprint: data.fingerprint, evaluation });
  say("info", `${beside.file.name} is evaluated on ${plural(evaluation.samples, "sample")} and kept in Compare.`);
  return evaluation;
}

/** Why the file beside the model cannot be walked through now, in a few words; null where it can. */
export function unwalked({ project: { data }, work }: Pick<StudioState, "project" | "work">): string | null {
  if (!data) return "needs samples";
  return isBusy(work) ? "another job runs" : null;
}

/** Through the layers that the file beside the model and that both have, on as many samples as the walk through an export takes. */
export async function walkBeside(): Promise<void> {
  const { project, view } = studio.getState();
  const { recipe, data, besideFile } = project;
  if (!recipe || !data || !besideFile) return;
  const { present } = recipe;
  const result = await runJob({
    task: "Walking",
    on: "the quantized model",
    run: (api, report) => api.walkBeside(present, view.sensitivitySamples, report),
  });
  if (!result || studio.getState().project.besideFile !== besideFile) return;
  const { preprocess, seed } = present;
  actions.fileWalked({ result, sha256: besideFile.sha256, data: data.fingerprint, preprocess, seed });
}

/** Takes a recovered recipe over as one step of undo, with the samples and the preprocessing that there are. */
export function adoptRecovered(recipe: Recipe, from: string): void {
  const { recipe: held, model } = studio.getState().project;
  const prepared = model && preparedHere(recipe, model.summary, `Taking over the recipe of ${from}`);
  if (!held || !prepared) return;
  const { preprocess, seed, inputs } = held.present;
  const taken = { ...withSettings(prepared, { preprocess, seed, inputs }), ...learnedOf(prepared) };
  actions.recipeEdited(`recipe of ${from}`, taken, Date.now());
  say("info", `The recipe of ${from} is taken over; calibrate to go on from it.`);
}

/** What a recipe was recovered with, which neither samples nor preprocessing taught. */
function learnedOf({ spared, unjoined, rounding, biases, codes }: Recipe): Partial<Recipe> {
  return { spared, unjoined, rounding, biases, ...(codes && { codes }) };
}
