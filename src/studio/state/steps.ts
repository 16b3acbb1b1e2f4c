import type { Recipe } from "../../engine/model/recipe.ts";
import { digestOf } from "./digest.ts";
import { isStandIn } from "./standIn.ts";
import type { Based, OpenData, Step, StudioState } from "./store.ts";

export type Standing = "done" | "ready" | "stale" | "missing" | "partial" | "unneeded";

export interface StepState {
  readonly standing: Standing;
  /** What it lacks or holds, in a few words. */
  readonly note: string;
}

/** What the standing of the steps follows from. */
export type Facts = Pick<
  StudioState,
  "model" | "data" | "samples" | "recipe" | "calibration" | "evaluation" | "exported"
>;

/** What an evaluation depends on; when it reads otherwise, the evaluation is stale. */
export function evaluationBasis({ recipe, samples, data }: Facts): string {
  return evaluationBasisOf(recipe?.present, samples, data?.fingerprint ?? null);
}

/** The basis of an evaluation under a recipe, on what follows the first `samples` samples of the data. */
export function evaluationBasisOf(recipe: Recipe | undefined, samples: number, fingerprint: string | null): string {
  return JSON.stringify([recipe ? textOf(recipe) : null, samples, fingerprint]);
}

/** The type of the weights under the recipe of an evaluation. */
export function evaluatedType({ basis }: Based<unknown>): Recipe["weights"]["type"] {
  return JSON.parse(JSON.parse(basis)[0]).weights.type;
}

/** What an export depends on. */
export function exportBasis({ recipe, evaluation }: Facts): string {
  return JSON.stringify([recipe ? textOf(recipe.present) : null, evaluation?.basis ?? null]);
}

/** Whether the data at hand is gone does not make a result stale; other data does. */
export function evaluationIsStale(facts: Facts): boolean {
  if (!facts.evaluation) return false;
  if (facts.data) return facts.evaluation.basis !== evaluationBasis(facts);
  return JSON.parse(facts.evaluation.basis)[0] !== (facts.recipe ? textOf(facts.recipe.present) : null);
}

const texts = new WeakMap<Recipe, string>();

/** A recipe as text, to tell whether two are the same; learned rounding, a bit a weight, is in it by its digest. */
export function textOf(recipe: Recipe): string {
  const { rounding } = recipe;
  const text = texts.get(recipe) ?? JSON.stringify({ ...recipe, rounding: rounding && digestOf(rounding) });
  texts.set(recipe, text);
  return text;
}

/** What a result depends on that was measured under a recipe on the first samples of the data. */
export function basisOf(recipe: Recipe, data: OpenData): string {
  return `${data.fingerprint} ${textOf(recipe)}`;
}

/** Whether such a result still holds; data that is gone does not end that, other data does. */
export function isCurrent({ basis }: Based<unknown>, recipe: Recipe | undefined, data: OpenData | null): boolean {
  if (!recipe) return false;
  return data ? basis === basisOf(recipe, data) : basis.endsWith(` ${textOf(recipe)}`);
}

/** Whether the statistics were taken under other preprocessing or for another number of samples. */
export function calibrationIsStale({ calibration, recipe, samples, data }: Facts): boolean {
  if (!calibration || !recipe || isStandIn(calibration)) return false;
  const otherwise = JSON.stringify(calibration.preprocess) !== JSON.stringify(recipe.present.preprocess);
  const equalized = calibration.equalized !== recipe.present.corrections.equalization;
  return otherwise || equalized || (data !== null && calibration.wanted !== samples);
}

export function isPartial({ calibration }: Facts): boolean {
  return calibration !== null && calibration.observed.length + calibration.skipped.length < calibration.wanted;
}

/** Whether a recipe rounds as learned, which is not learned yet. */
export function awaitsRounding({ weights, rounding }: Recipe): boolean {
  return weights.rounding === "learned" && rounding === null;
}

export function stepStates(facts: Facts): Readonly<Record<Step, StepState>> {
  const { model, data, recipe, calibration, evaluation, exported } = facts;
  const unlearned = recipe !== null && awaitsRounding(recipe.present);
  const nothing: StepState = { standing: "missing", note: "needs a model" };
  if (!model) return { model: nothing, data: nothing, calibrate: nothing, tune: nothing, export: nothing };
  return {
    model: { standing: "done", note: "open" },
    data: data
      ? { standing: "done", note: `${data.summary.samples} samples` }
      : { standing: "missing", note: "no data" },
    calibrate: calibrateState(facts),
    tune: !calibration
      ? { standing: "missing", note: "needs calibration" }
      : evaluation
        ? evaluationIsStale(facts)
          ? { standing: "stale", note: unlearned ? "rounding not learned" : "evaluate again" }
          : { standing: "done", note: "evaluated" }
        : { standing: "ready", note: unlearned ? "rounding not learned" : "not evaluated" },
    export: !calibration
      ? { standing: "missing", note: "needs calibration" }
      : unlearned
        ? { standing: "missing", note: "needs learned rounding" }
        : exported
          ? exported.basis === exportBasis(facts)
            ? { standing: "done", note: "exported" }
            : { standing: "stale", note: "changed since" }
          : { standing: "ready", note: "ready" },
  };
}

function calibrateState(facts: Facts): StepState {
  if (facts.calibration) {
    if (isStandIn(facts.calibration)) return { standing: "unneeded", note: "not needed: only weights are quantized" };
    if (isPartial(facts)) return { standing: "partial", note: "part of the samples" };
    if (calibrationIsStale(facts)) return { standing: "stale", note: "data or preprocessing changed" };
    return { standing: "done", note: `${facts.calibration.observed.length} samples seen` };
  }
  return facts.data ? { standing: "ready", note: "ready" } : { standing: "missing", note: "needs data" };
}

export type NextAction = "data" | "calibrate" | "round" | "evaluate" | "export";

/** The one thing that goes on from here. */
export function nextAction(facts: Facts): NextAction | null {
  if (!facts.model) return null;
  const states = stepStates(facts);
  const needed = !facts.recipe?.present.float.activations;
  if (needed && facts.data && ["ready", "stale", "partial"].includes(states.calibrate.standing)) return "calibrate";
  if (!facts.calibration) return "data";
  if (facts.recipe && awaitsRounding(facts.recipe.present)) return facts.data ? "round" : "data";
  if (facts.data && states.tune.standing !== "done") return "evaluate";
  return states.export.standing === "done" ? null : "export";
}
