import type { Calibration } from "../../../workers/protocol.ts";
import type { Method, Range } from "../../engine/model/range.ts";
import type { Recipe } from "../../engine/model/recipe.ts";
import { isPreprocessedFor, sameRecipe } from "../../engine/recipe/basis.ts";
import { missing } from "../../engine/recipe/derivations.ts";
import { withFloat, withGroupMethod, withGroupRange } from "../../engine/recipe/edits.ts";
import { isScaledBy } from "../../engine/recipe/scaling.ts";
import type { Learned } from "../../engine/recipe/settings.ts";
import { sameValue } from "../../engine/recipe/text.ts";
import { settling } from "./begun.ts";
import { runJob } from "./jobs.ts";
import { keptHere } from "./keeping.ts";
import { alarm, alarmUntil } from "./log.ts";
import { groupOf, rowOf } from "./selection.ts";
import { type Project, untaught } from "./slices/project.ts";
import type { Work } from "./slices/work.ts";
import { isStandIn } from "./standIn.ts";
import { type AwaitedPart, awaitedOf, changedSinceCalibration, factsOf, isSmoothedAlike } from "./steps.ts";
import { actions, studio } from "./store.ts";

/** Edits the recipe as one step of undo; `label` names the edit. */
export function editRecipe(label: string, change: (recipe: Recipe) => Recipe): void {
  const { recipe } = studio.getState().project;
  if (!recipe) return;
  const present = change(recipe.present);
  if (!sameRecipe(present, recipe.present)) actions.recipeEdited(label, present, Date.now());
}

export function adoptMethod(group: string, method: Method, range: Range): void {
  editRecipe(`method ${group}`, (recipe) => withGroupMethod(recipe, group, method, range));
}

export function setRange(group: string, range: Range): void {
  const bounds = studio.getState().project.model?.plan.groups.find(({ id }) => id === group)?.bounds ?? null;
  editRecipe(`range ${group}`, (recipe) => withGroupRange(recipe, group, range, bounds));
}

/** Quantizes a layer or leaves it in float, where the choice is the person's. */
export function setQuantized(layerId: string, quantized: boolean): void {
  editRecipe(`precision ${layerId}`, (recipe) => withFloat(recipe, "layers", [layerId], !quantized));
}

/** The selected layer and the group of its output. */
export function selected() {
  const state = studio.getState();
  const row = rowOf(state);
  return { row, group: groupOf(state) };
}

/** Whether a recipe is for the inputs that the model is open with; where it is not, `made` says of what it was made with others. */
export function isForInputs({ inputs }: Recipe, made: string): boolean {
  const { recipe } = studio.getState().project;
  if (!recipe || sameValue(recipe.present.inputs, inputs)) return true;
  alarm(
    `${made} with other shapes, values or states of the inputs: set them in the Model step (shapes) and the Data step (values and states) first.`,
  );
  return false;
}

/**
 * Whether everything that the recipe asks to be learned and chosen is there, for the statistics at hand, but for rounding
 * and codes, which a person has learned, and what waits for them.
 */
export function isSettled(recipe: Recipe, calibration: Calibration): boolean {
  const awaited = awaitedOf(recipe);
  const waiting = awaited ? WAITING[awaited] : [];
  return missing(recipe).every((part) => waiting.includes(part)) && fits(recipe, calibration);
}

const WAITING: Readonly<Record<AwaitedPart, readonly Learned[]>> = {
  rounding: ["rounding", "biases"],
  finetuning: ["codes", "biases"],
  codes: ["inputScales", "codes", "biases"],
};

/** Statistics of an equalized model, or of samples taken or preprocessed otherwise, are of no use for one that is not so, and the reverse. */
export function fits(recipe: Recipe, calibration: Calibration): boolean {
  const { corrections, factors } = recipe;
  const sameModel =
    corrections.equalization === calibration.equalized &&
    corrections.equalization === (factors !== null) &&
    isSmoothedAlike(recipe, calibration) &&
    isScaledBy(recipe, calibration);
  const sameSamples = recipe.seed === calibration.seed && isPreprocessedFor(recipe, calibration);
  return sameModel && (isStandIn(calibration) || sameSamples);
}

/**
 * Lets the engine choose every range and learn what corrections ask for, calibrating again where equalization was
 * switched, of what the recipe is by the end of it; null when it was cancelled or failed. Without the samples nothing can
 * be learned, and biases stay as they are. Whoever asks while that is under way gets the same answer.
 */
export function resolveRecipe(calibration: Calibration): Promise<Recipe | null> {
  resolving ??= settle(calibration).finally(() => {
    resolving = null;
  });
  return resolving;
}

let resolving: Promise<Recipe | null> | null = null;

/** Whether a job runs that refuses what a person asks for: one that settles the recipe is waited for. */
export function isBusy({ job }: Pick<Work, "job">): boolean {
  return job !== null && !job.settles;
}

/** The statistics that equalizing, or undoing it, put aside, so that the way back need not calibrate again. */
let aside: Pick<Project, "calibration" | "calibratedOn"> | null = null;

/** Takes up the statistics put aside where they, and not those at hand, are of what the recipe quantizes. */
function takeUp(wanted: Recipe, calibration: Calibration, calibratedOn: string | null): Calibration | null {
  const found = aside?.calibration;
  if (!found || fits(wanted, calibration) || !fits(wanted, found)) return null;
  const on = aside?.calibratedOn ?? null;
  if (on !== null && calibratedOn !== null && on !== calibratedOn) return null;
  const about = ({ model, wanted: samples, preprocess }: Calibration) => [model, samples, preprocess];
  if (!sameValue(about(found), about(calibration))) return null;
  aside = { calibration, calibratedOn };
  actions.calibrationTakenUp(found, on);
  return found;
}

async function settle(calibration: Calibration): Promise<Recipe | null> {
  const state = studio.getState();
  const { recipe: before, data, samples, calibratedOn } = state.project;
  const wanted = before?.present;
  if (!wanted || isSettled(wanted, calibration)) return wanted ?? null;
  const found = takeUp(wanted, calibration, calibratedOn);
  if (found) return settle(found);
  if (!data && !fits(wanted, calibration)) {
    alarmUntil(
      "samples",
      `${causeOf(wanted, calibration)} what every tensor holds, so the model is calibrated again: drop the samples in again.`,
    );
    return null;
  }
  if (!data && wanted.resolved && wanted.corrections.bias !== "analytic") return wanted;
  const changed = changedSinceCalibration(factsOf(state));
  const goesOn = fits(wanted, calibration);
  const asked = goesOn ? wanted : untaught(wanted, changed);
  const observed = (goesOn && calibration.wanted) || samples;
  const settled = await runJob({
    task: wanted.resolved && data ? "Correcting" : "Choosing ranges",
    on: wanted.model.name,
    settles: true,
    ...(data
      ? settling(withoutWaiting(asked), calibration, { calibratedOn: data.samplesFingerprint, samples: observed })
      : {
          run: async (api, report) => ({
            recipe: await api.resolve(withoutWaiting(asked), calibration, report),
            calibration,
          }),
        }),
  });
  void keptHere();
  const { recipe, calibration: now } = studio.getState().project;
  if (!settled || recipe?.present.model.sha256 !== wanted.model.sha256) return null;
  if (recipe.present !== wanted || (now && now !== calibration)) return settle(now ?? calibration);
  const relearned =
    (settled.recipe.factors !== null && asked.factors === null) || (!!settled.recipe.smoothed && !asked.smoothed);
  const present = asWanted(settled.recipe, asked);
  if (!relearned && fits(settled.recipe, calibration)) actions.recipeSettled(present);
  else {
    aside = { calibration, calibratedOn };
    actions.recipeSettledAnew(present, settled.calibration, null, data?.samplesFingerprint ?? null, changed);
  }
  return present;
}

/** What a calibration was made without, of what the recipe asks for. */
function causeOf(wanted: Recipe, calibration: Calibration): string {
  if (!isPreprocessedFor(wanted, calibration)) return "Other preprocessing changes";
  const scaling = wanted.corrections.smoothing || calibration.smoothed ? "Smoothing or equalizing" : "Equalizing";
  return wanted.seed === calibration.seed ? `${scaling} changes` : "Taking samples in another order changes";
}

/** What can be settled of a recipe whose rounding or codes are not there yet: biases make up for how weights are rounded. */
export function withoutWaiting(recipe: Recipe): Recipe {
  const awaited = awaitedOf(recipe);
  if (!awaited) return recipe;
  const { algorithm, ...weights } = recipe.weights;
  return {
    ...recipe,
    weights: awaited === "codes" ? weights : { ...recipe.weights, rounding: "nearest" },
    corrections: { ...recipe.corrections, bias: "none" },
  };
}

/** What was settled without it, with what was wanted. */
export function asWanted(settled: Recipe, { weights, corrections, rounding }: Recipe): Recipe {
  return { ...settled, weights, corrections, rounding: settled.rounding && rounding };
}
