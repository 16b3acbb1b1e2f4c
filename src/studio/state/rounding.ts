import { proxy } from "../../../workers/client.ts";
import { remedyWords } from "../../engine/model/diagnosis.ts";
import type { Recipe } from "../../engine/model/recipe.ts";
import { ROUNDING_SAMPLES, type Rounding } from "../../engine/model/rounding.ts";
import { basisOf, isCurrent } from "../../engine/recipe/basis.ts";
import { digestOf } from "../../engine/recipe/digest.ts";
import { withLearnedRounding, withRounding } from "../../engine/recipe/edits.ts";
import { plural } from "../../engine/values/figures.ts";
import { runJob } from "./jobs.ts";
import { alarmUntil, say } from "./log.ts";
import { lossShower } from "./lossShower.ts";
import { editRecipe, isBusy, resolveRecipe } from "./recipe.ts";
import { takeStep } from "./remedySteps.ts";
import type { StudioState } from "./slices/studio.ts";
import { factsOf, presentOf } from "./steps.ts";
import { actions, studio } from "./store.ts";

export const LEARNING = "Learning rounding";
const UNBIASED: NonNullable<Recipe["biases"]> = {};

/** How many samples are read, of those that calibrate: the others judge. */
export function roundingSamples({ project: { samples }, view: { roundingSettings } }: StudioState): number {
  return Math.min(roundingSettings.samples ?? ROUNDING_SAMPLES, samples);
}

/** Whether what was learned is of other weights, scales or samples than those at hand. */
export function roundingIsStale(state: StudioState): boolean {
  const { rounding } = state.results;
  if (!rounding || !state.project.recipe) return false;
  return !isCurrent("rounding", rounding.basis, presentOf(factsOf(state)));
}

export function isComplete({ layers, wanted }: Rounding): boolean {
  return layers.length >= wanted;
}

/** Whether the recipe rounds as this result says. */
export function isAdopted({ project: { recipe }, results: { rounding } }: StudioState): boolean {
  const used = recipe?.present;
  if (!rounding || !used?.rounding) return false;
  const learned = rounding.result;
  const isSame = digestOf(used.rounding) === digestOf(learned.rounding);
  return isSame && digestOf(used.biases ?? UNBIASED) === digestOf(learned.biases);
}

/** What a run that was ended came to, where the next one can go on from it. */
export function resumable(state: StudioState, wanted = roundingSamples(state)): Rounding | null {
  const { rounding } = state.results;
  if (!rounding || roundingIsStale(state) || isComplete(rounding.result)) return null;
  const { samples, iterations } = rounding.asked;
  return samples === wanted && iterations === state.view.roundingSettings.iterations ? rounding.result : null;
}

/** What learning needs, where it is at hand; null where something lacks, which is told. */
export function readyToLearn(task: string) {
  const { recipe, data, model, calibration } = studio.getState().project;
  if (!recipe || !model) return null;
  if (!data) {
    alarmUntil("samples", `${task} needs the samples: drop them in again.`);
    return null;
  }
  if (!calibration) {
    alarmUntil(
      "calibration",
      `${task} goes by what a layer reads in the quantized model, which needs ranges: calibrate first.`,
    );
    return null;
  }
  return { data, model, calibration };
}

/**
 * Learns which weights round up and which down. Shows the loss as it falls and every layer as it is done; a run that is ended keeps
 * its layers, and the next goes on from them. Null where it did not come to its end.
 */
export async function learn(samples = roundingSamples(studio.getState())): Promise<Rounding | null> {
  const ready = readyToLearn(LEARNING);
  if (!ready || isBusy(studio.getState().work)) return null;
  const { data, model, calibration } = ready;
  const recipe = await resolveRecipe(calibration);
  if (!recipe) return null;
  const basis = basisOf("rounding", { recipe, data: data.fingerprint });
  const now = studio.getState();
  const asked = { samples, iterations: now.view.roundingSettings.iterations };
  let last = resumable(now, samples);
  const isOpen = () => studio.getState().project.model?.file === model.file;
  const show = (result: Rounding) => {
    last = result;
    if (isOpen()) actions.roundingLearned({ result, basis, asked });
  };
  const onPoint = proxy(lossShower(LEARNING));
  const onLayer = proxy(show);
  const result = await runJob({
    task: LEARNING,
    on: `the first ${plural(asked.samples, "sample")}`,
    run: (api, report) => api.learnRounding(recipe, { ...asked, resume: last }, report, onPoint, onLayer),
    resumesAt: () => `from ${last ? `${last.layers.length} of ${plural(last.wanted, "layer")}` : "the first layer"}`,
  });
  actions.learningEnded();
  if (!isOpen()) return null;
  if (!result) {
    if (last) say("info", `Rounding is learned for ${last.layers.length} of ${plural(last.wanted, "layer")}.`);
    return null;
  }
  show(result);
  say("info", `Rounding is learned for ${plural(result.layers.length, "layer")}.`);
  return result;
}

/** Learns rounding, and makes the recipe round so, as one step of undo. */
export async function learnRounding(): Promise<void> {
  if (!(await learn())) return;
  if (roundingIsStale(studio.getState())) say("warning", "The recipe changed meanwhile, so it is not rounded so yet.");
  else adoptRounding();
}

/** Makes the recipe round as was learned, as one step of undo that is listed with what it gains. */
export function adoptRounding(): void {
  const { rounding } = studio.getState().results;
  if (!rounding) return;
  takeStep(remedyWords({ kind: "rounding" }), null, (recipe) => withLearnedRounding(recipe, rounding.result));
}

/** What was learned, where it is whole and of the recipe of the moment. */
export function knownRounding(state: StudioState): Rounding | null {
  const { rounding } = state.results;
  return rounding !== null && !roundingIsStale(state) && isComplete(rounding.result) ? rounding.result : null;
}

/** Makes the recipe round as learned: at once where that is known, else once it is learned. */
export async function takeLearnedRounding(): Promise<void> {
  if (knownRounding(studio.getState())) adoptRounding();
  else await learnRounding();
}

/** Rounds to nearest, or as learned: at once where that is known. */
export function chooseRounding(kind: Recipe["weights"]["rounding"]): void {
  if (kind === "learned" && knownRounding(studio.getState())) adoptRounding();
  else editRecipe("rounding", (recipe) => withRounding(recipe, kind, null));
}
