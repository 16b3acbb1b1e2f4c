import { proxy } from "../../../workers/client.ts";
import { remedyWords } from "../../engine/model/diagnosis.ts";
import type { Recipe } from "../../engine/model/recipe.ts";
import { own } from "../../engine/model/record.ts";
import { type LossPoint, ROUNDING_SAMPLES, type Rounding } from "../../engine/model/rounding.ts";
import { basisOf, isCurrent } from "../../engine/recipe/basis.ts";
import { withLearnedRounding, withRounding } from "../../engine/recipe/edits.ts";
import { plural } from "../../engine/values/figures.ts";
import { runJob } from "./jobs.ts";
import { alarmUntil, say } from "./log.ts";
import { editRecipe, isBusy, resolveRecipe } from "./recipe.ts";
import { takeStep } from "./remedySteps.ts";
import type { StudioState } from "./slices/studio.ts";
import { factsOf, presentOf } from "./steps.ts";
import { actions, studio } from "./store.ts";

export const LEARNING = "Learning rounding";

const SHOW_EVERY_MS = 100;

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
  const used = recipe?.present.rounding;
  if (!rounding || !used) return false;
  const learned = rounding.result.rounding;
  const names = Object.keys(learned);
  return names.length === Object.keys(used).length && names.every((name) => own(used, name) === learned[name]);
}

/** What a run that was ended came to, where the next one can go on from it. */
export function resumable(state: StudioState): Rounding | null {
  const { rounding } = state.results;
  if (!rounding || roundingIsStale(state) || isComplete(rounding.result)) return null;
  const { samples, iterations } = rounding.asked;
  return samples === roundingSamples(state) && iterations === state.view.roundingSettings.iterations
    ? rounding.result
    : null;
}

/**
 * Learns which weights round up and which down, and makes the recipe round so, as one step of undo. Shows the loss as it
 * falls and every layer as it is done; a run that is ended keeps its layers, and the next goes on from them.
 */
export async function learnRounding(): Promise<void> {
  const { project, work } = studio.getState();
  const { data, model } = project;
  if (!project.recipe || isBusy(work)) return;
  if (!data) {
    alarmUntil("samples", "Learning rounding needs the samples: drop them in again.");
    return;
  }
  if (!project.calibration) {
    alarmUntil(
      "calibration",
      "Rounding is learned on what a layer reads in the quantized model, which needs ranges: calibrate first.",
    );
    return;
  }
  const recipe = await resolveRecipe(project.calibration);
  if (!recipe) return;
  const basis = basisOf("rounding", { recipe, data: data.fingerprint });
  const now = studio.getState();
  const asked = { samples: roundingSamples(now), iterations: now.view.roundingSettings.iterations };
  let last = resumable(now);
  const isOpen = () => studio.getState().project.model?.file === model?.file;
  const show = (result: Rounding) => {
    last = result;
    if (isOpen()) actions.roundingLearned({ result, basis, asked });
  };
  const onPoint = proxy(shower());
  const onLayer = proxy(show);
  const result = await runJob({
    task: LEARNING,
    on: `the first ${plural(asked.samples, "sample")}`,
    run: (api, report) => api.learnRounding(recipe, { ...asked, resume: last }, report, onPoint, onLayer),
    resumesAt: () => `from ${last ? `${last.layers.length} of ${plural(last.wanted, "layer")}` : "the first layer"}`,
  });
  actions.learningEnded();
  if (!isOpen()) return;
  if (!result) {
    if (last) say("info", `Rounding is learned for ${last.layers.length} of ${plural(last.wanted, "layer")}.`);
    return;
  }
  show(result);
  say("info", `Rounding is learned for ${plural(result.layers.length, "layer")}.`);
  if (roundingIsStale(studio.getState())) say("warning", "The recipe changed meanwhile, so it is not rounded so yet.");
  else adoptRounding();
}

/** Makes the recipe round as was learned, as one step of undo that is listed with what it gains. */
export function adoptRounding(): void {
  const { rounding } = studio.getState().results;
  if (!rounding) return;
  takeStep(remedyWords({ kind: "rounding" }), null, (recipe) => withLearnedRounding(recipe, rounding.result));
}

function isKnown(state: StudioState): boolean {
  const { rounding } = state.results;
  return rounding !== null && !roundingIsStale(state) && isComplete(rounding.result);
}

/** Makes the recipe round as learned: at once where that is known, else once it is learned. */
export async function takeLearnedRounding(): Promise<void> {
  if (isKnown(studio.getState())) adoptRounding();
  else await learnRounding();
}

/** Rounds to nearest, or as learned: at once where that is known. */
export function chooseRounding(kind: Recipe["weights"]["rounding"]): void {
  if (kind === "learned" && isKnown(studio.getState())) adoptRounding();
  else editRecipe("rounding", (recipe) => withRounding(recipe, kind, null));
}

/** Shows points of a curve as they come, ten times a second at most. */
function shower(): (layer: string, point: LossPoint) => void {
  let curve: LossPoint[] = [];
  let of: string | null = null;
  let shown = 0;
  return (layer, point) => {
    if (layer !== of) {
      curve = [];
      of = layer;
      shown = 0;
    }
    curve.push(point);
    const now = performance.now();
    if (now - shown < SHOW_EVERY_MS || studio.getState().work.job?.task !== LEARNING) return;
    shown = now;
    actions.lossShown(layer, [...curve]);
  };
}
