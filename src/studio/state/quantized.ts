import type { PathFile } from "../../../workers/protocol.ts";
import type { Evaluation } from "../../engine/model/evaluation.ts";
import type { QuantizedBeside, QuantizedFile } from "../../engine/model/quantizedFile.ts";
import type { Recipe } from "../../engine/model/recipe.ts";
import type { ErrorWalk } from "../../engine/model/sensitivity.ts";
import { withSettings } from "../../engine/recipe/change.ts";
import { runJob } from "./jobs.ts";
import { say } from "./log.ts";
import type { QuantizedFiles } from "./slices/view.ts";
import { actions, studio } from "./store.ts";
import { inTurn } from "./turns.ts";
import { engine, inquire } from "./workers.ts";

/** A longer file is opened as a model without a look at what it is first, since that reads it whole. */
const LOOKED_AT = 2 ** 28;

/**
 * The quantized model among one or two that were dropped: one with no layer left to quantize, or with those that the open model has by
 * its inputs and outputs, or the one of two. Null where there is none.
 */
export async function quantizedAmong(
  models: readonly PathFile[],
  beside: readonly PathFile[],
): Promise<QuantizedFiles | null> {
  if (models.length === 0 || models.length > 2 || models.some(({ file }) => file.size > LOOKED_AT)) return null;
  const kinds = await Promise.all(
    models.map(({ file }) => engine.ask((api) => api.kindOf(file, file.name, beside)).catch(() => null)),
  );
  const open = studio.getState().project.model?.summary ?? null;
  const found = models.filter((_, at) => {
    const kind = kinds[at];
    if (!kind?.isQuantized) return false;
    const names = (ports: readonly { readonly name: string }[]) => ports.map(({ name }) => name).join();
    const isOfOpen = open && names(open.inputs) === kind.inputs.join() && names(open.outputs) === kind.outputs.join();
    return kind.isWhole || models.length === 2 || isOfOpen === true;
  });
  return found.length === 1 ? { file: found[0]!.file, beside } : null;
}

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
    if (own) return { file: own.file, own };
  }
  const alone = await inquire("Reading the quantized model", (api) => api.readQuantized(file, file.name, beside));
  return alone && { file: alone, own: null };
}

/** Float against the quantized file on all samples; null where it was cancelled or failed, which is told. */
export function judgeBeside(): Promise<Evaluation | null> {
  const { project, view } = studio.getState();
  const { recipe, data } = project;
  if (!recipe || !data) return Promise.resolve(null);
  const range = { skip: 0, samples: data.summary.samples };
  return runJob({
    task: "Evaluating",
    on: "the quantized model",
    run: (api, report) => api.evaluateBeside(recipe.present, range, view.limit, report),
  });
}

/** Through the layers that both have, on as many samples as the walk through an export takes. */
export function walkBeside(): Promise<ErrorWalk | null> {
  const { project, view } = studio.getState();
  const { recipe } = project;
  if (!recipe) return Promise.resolve(null);
  return runJob({
    task: "Walking",
    on: "the quantized model",
    run: (api, report) => api.walkBeside(recipe.present, view.sensitivitySamples, report),
  });
}

/** Takes a recovered recipe over as one step of undo, with the samples and the preprocessing that there are. */
export function adoptRecovered(recipe: Recipe, from: string): void {
  const { recipe: held } = studio.getState().project;
  if (!held) return;
  const { preprocess, seed, inputs } = held.present;
  const taken = { ...withSettings(recipe, { preprocess, seed, inputs }), ...learnedOf(recipe) };
  actions.recipeEdited(`recipe of ${from}`, taken, Date.now());
  say("info", `The recipe of ${from} is taken over; calibrate to go on from it.`);
}

/** What a recipe was recovered with, which neither samples nor preprocessing taught. */
function learnedOf({ spared, unjoined, rounding, codes }: Recipe): Partial<Recipe> {
  return { spared, unjoined, rounding, ...(codes && { codes }) };
}
