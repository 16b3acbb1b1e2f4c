import type { EngineApi, PathFile } from "../../../workers/protocol.ts";
import { withSamplesOf } from "../../engine/recipe/edits.ts";
import { isReport, isZip, mergeFiles, onlyLabels, sortFiles } from "../files.ts";
import { openData } from "./data.ts";
import { readOf } from "./fingerprint.ts";
import { alarm, alarmFor, alarmUntil, say } from "./log.ts";
import { openModel } from "./model.ts";
import { preparedHere } from "./preparation.ts";
import { quantizedAmong } from "./quantizedAmong.ts";
import { isForInputs } from "./recipe.ts";
import { suitedTo } from "./slices/project.ts";
import { actions, studio } from "./store.ts";
import { inTurn } from "./turns.ts";
import { engine } from "./workers.ts";

type Imported = Awaited<ReturnType<EngineApi["importJson"]>>;

/** Takes whatever was dropped or chosen: a model, then data, then recipes and calibration caches; of several models a family is to be made. */
export function takeFiles(files: readonly PathFile[]): Promise<void> {
  return inTurn(() => take(files));
}

async function take(given: readonly PathFile[]): Promise<void> {
  const files = await opened(given);
  const { models, beside, documents, data } = sortFiles(files);
  if (given.length === 0) return alarm("The folder is empty: drop a model (.onnx), samples or labels.");
  const shown = await quantizedAmong(models, beside);
  if (models.length > (shown ? 2 : 1)) return actions.familyChosen(files);
  const [model] = models.filter(({ file }) => file !== shown?.file);
  if (model && !(await openModel(model.file, { beside }))) return;
  if (shown) actions.quantizedShown(shown);
  if (documents.length + data.length === 0 && (shown || !model)) {
    const [other] = files;
    if (!shown && other && !files.some(({ path }) => isReport(path))) {
      alarm(
        `${other.path} is nothing that the studio opens: drop a model (.onnx), samples, a recipe or a calibration.`,
      );
    }
    return;
  }
  if (!studio.getState().project.model) {
    return alarmUntil(
      "model",
      `${[...documents, ...data][0]!.path} needs a model to belong to: open an .onnx file first, or drop both together.`,
    );
  }
  if (data.length > 0) {
    const { data: open, offered } = studio.getState().project;
    const all = open && !offered && onlyLabels(data) ? mergeFiles(open.files, data) : data;
    const taken = await openData(all, { ...(offered && { beside: offered.files }) });
    if (taken && documents.length === 0) actions.stepChosen("data");
  }
  for (const document of documents) await importDocument(document);
}

/** What was dropped, with results unpacked and checked, and what is encrypted opened where there is a model that it may belong to. */
async function opened(given: readonly PathFile[]): Promise<readonly PathFile[]> {
  const isResult = given.some(({ path }) => isReport(path) || isZip(path));
  const { models, documents } = sortFiles(given);
  const hasModel = models.length > 0 || studio.getState().project.model !== null;
  if (!isResult && (documents.length === 0 || !hasModel)) return given;
  const sealed = new (await import("./sealed.ts")).SealedFiles();
  return isResult ? (await import("./resultFiles.ts")).checkedResults(given, sealed) : sealed.open(given);
}

async function importDocument({ path, file }: PathFile): Promise<void> {
  const { model, recipe } = studio.getState().project;
  if (!model || !recipe) return;
  try {
    const text = await readOf(path, file.text());
    const document = await engine.ask<Imported>((api) => api.importJson(text, path) as Promise<Imported>);
    const { sha256 } = "recipe" in document ? document.recipe.model : document.calibration.model;
    if (sha256 !== model.summary.sha256) {
      return alarm(
        `${path} belongs to another model (its SHA-256 differs from ${model.file.name}): open that one first.`,
      );
    }
    if ("recipe" in document) {
      if (!isForInputs(document.recipe, `${path} was made`)) return;
      const { data } = studio.getState().project;
      const prepared = preparedHere(document.recipe, model.summary, `Reading ${path}`);
      if (!prepared) return;
      const taken = data ? suitedTo(prepared, data) : prepared;
      actions.recipeEdited(`import ${path}`, taken, Date.now());
    } else {
      const { calibration } = document;
      const present = withSamplesOf(recipe.present, calibration);
      actions.calibrationImported(calibration, present, `import ${path}`, Date.now());
    }
    say("info", `${path} is taken over.`);
  } catch (error) {
    alarmFor(error, `Reading ${path}`);
  }
}
