import { proxy } from "../../../workers/client.ts";
import type { PathFile } from "../../../workers/protocol.ts";
import type { Recipe } from "../../engine/model/recipe.ts";
import { sameValue } from "../../engine/recipe/text.ts";
import { filesFor, sortFiles } from "../files.ts";
import { openData } from "./data.ts";
import { begin } from "./history.ts";
import { runJob } from "./jobs.ts";
import { largeRecipe, largeText } from "./large.ts";
import { firstLayer } from "./layers.ts";
import { alarm, caution, say, sayNotices } from "./log.ts";
import { flush, listSessions, loadFiles, loadSession } from "./persistence.ts";
import { preparedHere } from "./preparation.ts";
import type { Large } from "./slices/project.ts";
import type { StoredSession } from "./slices/work.ts";
import { actions, studio } from "./store.ts";
import { claim, release } from "./tabs.ts";
import { settingsOf } from "./tune.ts";
import { inTurn } from "./turns.ts";
import { analysis, engine, inquire } from "./workers.ts";

type Inputs = Recipe["inputs"];

const AS_WRITTEN: Inputs = { shapes: {}, values: {}, state: {} };

interface Wishes {
  /** The SHA-256 that the model must have. */
  readonly expected?: string;
  readonly inputs?: Inputs;
  /** Files that may hold its weights. */
  readonly beside?: readonly PathFile[];
}

/**
 * Opens a model, and what is stored of its last session.
 * False when it was not opened; what was open before then stays open.
 */
export async function openModel(file: File, wishes: Wishes = {}): Promise<boolean> {
  const { expected, beside = [] } = wishes;
  const earlier = studio.getState().work.alerts;
  await flush();
  const remembered = expected ? await loadSession(expected).catch(() => null) : null;
  const inputs = wishes.inputs ?? remembered?.record.recipe.inputs ?? AS_WRITTEN;
  let large: Large | null = null;
  const onLarge = proxy((bytes: number, held: number) => {
    if (!large) caution(largeText(file.name, { bytes, held }));
    large = { bytes, held };
  });
  const summary = await runJob({
    task: "Opening",
    on: file.name,
    run: (api, report) => api.open(file, file.name, beside, inputs, report, onLarge),
  });
  if (!summary) return false;
  if (expected && summary.sha256 !== expected) {
    engine.close();
    alarm(`${file.name} is not the model of that session (its SHA-256 differs): choose the file it was made with.`);
    return false;
  }
  const recipe = await inquire("Opening", (api) => api.defaultRecipe());
  const sources = await inquire("Opening", (api) => api.sources());
  if (!recipe || !sources) return false;
  const stored = remembered ?? (await loadSession(summary.sha256).catch(() => null));
  const isForInputs = stored !== null && sameValue(stored.record.recipe.inputs, inputs);
  if (stored && !isForInputs && !wishes.inputs) return openModel(file, { beside, inputs: stored.record.recipe.inputs });
  const goesOn = isForInputs ? preparedHere(stored.record.recipe, summary, "Going on with the last session") : null;
  const fits = isForInputs && goesOn !== null;

  analysis.close();
  await claim(summary.sha256);
  actions.modelOpened(earlier, {
    project: {
      model: { file, beside, summary, plan: summary, sources, large },
      recipe: begin(goesOn ?? (large ? largeRecipe(recipe) : recipe)),
      ...(fits && {
        calibration: stored.calibration,
        calibratedOn: stored.calibratedOn,
        begun: stored.begun,
        samples: stored.record.samples,
        keep: stored.record.kept,
      }),
    },
    results: fits
      ? {
          tuning: stored.tuning,
          rounding: stored.rounding,
          finetuning: stored.finetuning,
          codes: stored.codes,
          evaluation: stored.record.evaluation,
          sensitivity: stored.record.sensitivity,
          walk: stored.record.walk,
        }
      : {},
    view: {
      layer: fits && stored.calibration ? null : firstLayer(summary),
      ...(fits && {
        ...(stored.codes && { codeSamples: stored.codes.asked.samples }),
        ...(stored.finetuning && { tuningSteps: stored.finetuning.asked.steps }),
        ...(stored.rounding && { roundingSettings: stored.rounding.asked }),
        ...(stored.tuning && { search: settingsOf(stored.tuning.result.request) }),
        sensitivitySamples: stored.record.sensitivitySamples,
        metric: stored.record.metric,
        limit: stored.record.limit,
      }),
    },
  });
  say("info", `${file.name} is open.`);
  if (fits) say("info", `The last session with ${file.name} goes on: recipe, statistics and results are back.`);
  sayNotices(summary.notices);
  return true;
}

/** Opens the open model again with its inputs settled otherwise, and `files` as its data; those that are refused are kept. */
export async function reopenModel(inputs: Inputs, files: readonly PathFile[] = filesNow()): Promise<void> {
  const { model, data, samples } = studio.getState().project;
  if (!model || !(await openModel(model.file, { inputs, beside: model.beside })) || files.length === 0) return;
  if (await openData(files, { ...(data && { samples }) })) return;
  const { sources } = studio.getState().project.model ?? model;
  actions.dataOffered({ files, sources });
}

/** Opens the open model again as its session is stored, with the data at hand. */
export async function reopenStored(): Promise<void> {
  const { model } = studio.getState().project;
  if (!model) return;
  const files = filesNow();
  if (!(await openModel(model.file, { expected: model.summary.sha256, beside: model.beside }))) return;
  if (files.length > 0) await openData(files);
}

/** Gives an input files, in place of what it got. */
export async function giveInput(name: string, files: readonly PathFile[]): Promise<void> {
  await openData(filesFor(name, files, filesNow()));
}

/** Holds an input at a value. */
export function holdInput(name: string, value: number): Promise<void> {
  return settleInputs([name], { values: { [name]: value } });
}

/** Feeds inputs, by name, from outputs of the step before. */
export function feedInputs(outputs: ReadonlyMap<string, string>): Promise<void> {
  return settleInputs([...outputs.keys()], { state: Object.fromEntries(outputs) });
}

/** Leaves an input to data again. */
export function freeInput(name: string): Promise<void> {
  return settleInputs([name], {});
}

/** Gives inputs what is said of them in place of what they got. */
async function settleInputs(names: readonly string[], given: Partial<Pick<Inputs, "values" | "state">>): Promise<void> {
  const { recipe } = studio.getState().project;
  if (!recipe) return;
  const { inputs } = recipe.present;
  const others = <T>(record: Readonly<Record<string, T>>) =>
    Object.entries(record).filter(([name]) => !names.includes(name));
  const together = <T>(record: Readonly<Record<string, T>>, more: Readonly<Record<string, T>> = {}) =>
    Object.fromEntries([...others(record), ...Object.entries(more)]);
  const values = together(inputs.values, given.values);
  const state = together(inputs.state, given.state);
  const files = filesNow().filter(({ input }) => input === undefined || !names.includes(input));
  await reopenModel({ ...inputs, values, state }, files);
  actions.stepChosen("data");
}

function filesNow(): readonly PathFile[] {
  const { data, offered } = studio.getState().project;
  return (offered ?? data)?.files ?? [];
}

/** Takes up a stored session: with its kept files, or with those that the person chose for it. */
export function resumeSession(session: StoredSession, chosen: readonly PathFile[]): Promise<void> {
  return inTurn(() => resume(session, chosen));
}

async function resume(session: StoredSession, chosen: readonly PathFile[]): Promise<void> {
  const kept = await loadFiles(session.sha256).catch(() => null);
  const { models, beside, data } = sortFiles(chosen);
  const file = models[0]?.file ?? kept?.model;
  if (!file) {
    alarm(`The files of ${session.name} are no longer kept in this browser: choose its file.`);
    return listSessions();
  }
  const weights = chosen.length > 0 ? [...beside, ...data] : (kept?.beside ?? []);
  if (!(await openModel(file, { expected: session.sha256, beside: weights }))) return;
  if (kept && kept.data.length > 0) await openData(kept.data);
  actions.stepChosen(studio.getState().project.calibration ? "tune" : "model");
}

/** Back to the start; the session stays stored. */
export async function closeModel(): Promise<void> {
  await flush();
  engine.close();
  analysis.close();
  release();
  actions.modelClosed();
  await listSessions();
}
