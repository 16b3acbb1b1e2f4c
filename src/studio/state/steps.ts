import type { Calibration } from "../../engine/model/calibration.ts";
import { takesRanges } from "../../engine/model/format.ts";
import type { Notice } from "../../engine/model/job.ts";
import type { Recipe } from "../../engine/model/recipe.ts";
import {
  type Basis,
  basisOf,
  differing,
  isCurrent,
  isPreprocessedFor,
  type Present,
} from "../../engine/recipe/basis.ts";
import { withOthers } from "../../engine/recipe/change.ts";
import { missing, type Origin } from "../../engine/recipe/derivations.ts";
import { isScaledBy } from "../../engine/recipe/scaling.ts";
import type { Project } from "./slices/project.ts";
import type { Results } from "./slices/results.ts";
import type { StudioState } from "./slices/studio.ts";
import type { Step } from "./slices/view.ts";
import { isStandIn } from "./standIn.ts";

export type Standing = "done" | "ready" | "stale" | "missing" | "partial" | "unneeded";

export interface StepState {
  readonly standing: Standing;
  /** What it lacks or holds, in a few words. */
  readonly note: string;
}

/** What the standing of the steps follows from. */
export type Facts = Pick<Project, "model" | "data" | "samples" | "recipe" | "calibration" | "calibratedOn"> &
  Pick<Results, "evaluation" | "exported">;

export function factsOf({ project, results }: StudioState): Facts {
  const { model, data, samples, recipe, calibration, calibratedOn } = project;
  const { evaluation, exported } = results;
  return { model, data, samples, recipe, calibration, calibratedOn, evaluation, exported };
}

/** What calibrating warned of about the samples themselves, by the input that they go into: what is judged on such samples says little. */
export function samplesDoubted(facts: Facts): readonly Notice[] {
  const { model, calibration } = facts;
  if (calibrationIsStale(facts)) return [];
  const inputs = new Set(model?.summary.inputs.map(({ name }) => name));
  return calibration?.notices.filter(({ kind, subject }) => kind === "warning" && inputs.has(subject)) ?? [];
}

/** What results can be made of, as it is now. */
export function presentOf({
  recipe,
  data,
  samples,
  evaluation = null,
}: Pick<Project, "recipe" | "data" | "samples"> & Partial<Pick<Results, "evaluation">>): Present {
  return {
    recipe: recipe?.present ?? null,
    data: data?.fingerprint ?? null,
    samples,
    evaluation: evaluation?.basis ?? null,
  };
}

/** What an evaluation made now depends on. */
export function evaluationBasis(facts: Facts): Basis {
  return basisOf("evaluation", presentOf(facts));
}

/** What an export made now depends on. */
export function exportBasis(facts: Facts): Basis {
  return basisOf("exported", presentOf(facts));
}

export function evaluationIsStale(facts: Facts): boolean {
  return facts.evaluation !== null && !isCurrent("evaluation", facts.evaluation.basis, presentOf(facts));
}

export function exportIsStale(facts: Facts): boolean {
  return facts.exported !== null && !isCurrent("exported", facts.exported.basis, presentOf(facts));
}

/** Whether a calibration observed the model smoothed where a recipe, whose smoothing is found, has it so. */
export function isSmoothedAlike(
  { corrections, smoothed }: Recipe,
  { smoothed: isSmoothed = false }: Pick<Calibration, "smoothed">,
): boolean {
  const found = corrections.smoothing === true ? smoothed : {};
  return !!found && Object.keys(found).length > 0 === isSmoothed;
}

/** What is another now than when the model was calibrated. */
export function changedSinceCalibration(facts: Facts): readonly Origin[] {
  const { calibration, calibratedOn, recipe } = facts;
  if (!calibration || !recipe || isStandIn(calibration)) return [];
  const { present } = recipe;
  const seen = basisOf("statistics", { recipe: present, data: calibratedOn, samples: calibration.wanted });
  const isScaledAlike = present.factors === null || isScaledBy(present, calibration);
  const isEqualizedAlike = calibration.equalized === present.corrections.equalization && isScaledAlike;
  const preprocess = isPreprocessedFor(present, calibration) ? present.preprocess : calibration.preprocess;
  const { seed } = calibration;
  const basis = {
    ...seen,
    preprocess,
    seed,
    ...(!isEqualizedAlike && { factors: "of another model" }),
    ...(!isSmoothedAlike(present, calibration) && { smoothed: "of another model" }),
  };
  const samples = facts.data?.samplesFingerprint ?? null;
  return differing("statistics", basis, { ...presentOf(facts), data: samples });
}

/**
 * What is another once the model is calibrated again: ranges, too, where not all samples were observed before, or where it
 * is not known which.
 */
export function changedByCalibrating(facts: Facts): readonly Origin[] {
  const { calibration, calibratedOn } = facts;
  const replaced = calibration !== null && !isStandIn(calibration) && (isPartial(facts) || calibratedOn === null);
  return [...changedSinceCalibration(facts), ...(replaced ? (["statistics"] as const) : [])];
}

/** The recipe without what calibrating it learns again; null without one. */
export function withoutSeen(facts: Facts): Recipe | null {
  const { recipe } = facts;
  return recipe && withOthers(recipe.present, [...changedByCalibrating(facts), "statistics"]);
}

/** Whether the statistics were taken of other samples, or in another order, under other preprocessing, or of a model equalized otherwise. */
export function calibrationIsStale(facts: Facts): boolean {
  return changedSinceCalibration(facts).length > 0;
}

export function isPartial({ calibration }: Facts): boolean {
  return calibration !== null && calibration.observed.length + calibration.skipped.length < calibration.wanted;
}

/** What a recipe asks for of its weights that a person has learned or found, and that is not there yet; null where nothing is. */
export type AwaitedPart = "rounding" | "finetuning" | "codes";

export function awaitedOf(recipe: Recipe): AwaitedPart | null {
  const lacks = missing(recipe);
  if (lacks.includes("rounding") || (recipe.weights.rounding === "learned" && recipe.rounding === null))
    return "rounding";
  if (recipe.weights.rounding === "finetuned" && lacks.includes("codes")) return "finetuning";
  return lacks.includes("codes") || lacks.includes("inputScales") ? "codes" : null;
}

const LACKING = {
  rounding: { tune: "rounding not learned", export: "needs learned rounding" },
  finetuning: { tune: "not fine-tuned", export: "needs fine-tuning" },
  codes: { tune: "codes not found", export: "needs codes found on samples" },
} as const;

export function stepStates(facts: Facts): Readonly<Record<Step, StepState>> {
  const { model, data, recipe, calibration, evaluation, exported } = facts;
  const awaited = recipe && awaitedOf(recipe.present);
  const lacking = awaited && LACKING[awaited];
  const nothing: StepState = { standing: "missing", note: "needs a model" };
  if (!model) return { model: nothing, data: nothing, calibrate: nothing, tune: nothing, export: nothing };
  return {
    model: { standing: "done", note: "open" },
    data: data
      ? { standing: "done", note: `${data.summary.samples} samples` }
      : model.large
        ? { standing: "unneeded", note: "in a terminal" }
        : { standing: "missing", note: "no data" },
    calibrate: calibrateState(facts),
    tune: !calibration
      ? { standing: "missing", note: "needs calibration" }
      : evaluation
        ? evaluationIsStale(facts)
          ? { standing: "stale", note: lacking?.tune ?? "evaluate again" }
          : { standing: "done", note: "evaluated" }
        : { standing: "ready", note: lacking?.tune ?? "not evaluated" },
    export: !calibration
      ? { standing: "missing", note: "needs calibration" }
      : lacking
        ? { standing: "missing", note: lacking.export }
        : exported
          ? exportIsStale(facts)
            ? { standing: "stale", note: "changed since" }
            : { standing: "done", note: "exported" }
          : { standing: "ready", note: "ready" },
  };
}

function calibrateState(facts: Facts): StepState {
  if (facts.calibration) {
    if (isStandIn(facts.calibration)) return { standing: "unneeded", note: "not needed: no range is chosen" };
    if (isPartial(facts)) return { standing: "partial", note: "part of the samples" };
    if (calibrationIsStale(facts)) return { standing: "stale", note: "data or preprocessing changed" };
    return { standing: "done", note: `${facts.calibration.observed.length} samples seen` };
  }
  if (facts.model?.large) return { standing: "missing", note: "in a terminal" };
  return facts.data ? { standing: "ready", note: "ready" } : { standing: "missing", note: "needs data" };
}

export type NextAction = "data" | "calibrate" | "round" | "finetune" | "codes" | "evaluate" | "rescue" | "export";

const AWAITED_ACTIONS: Readonly<Record<AwaitedPart, NextAction>> = {
  rounding: "round",
  finetuning: "finetune",
  codes: "codes",
};

/** The one thing that goes on from here. */
export function nextAction(facts: Facts): NextAction | null {
  if (!facts.model) return null;
  const states = stepStates(facts);
  const needed = facts.recipe === null || takesRanges(facts.recipe.present);
  if (needed && facts.data && ["ready", "stale", "partial"].includes(states.calibrate.standing)) return "calibrate";
  const needsData = facts.model.large ? null : "data";
  if (!facts.calibration) return needsData;
  const awaited = facts.recipe && awaitedOf(facts.recipe.present);
  if (awaited) return facts.data ? AWAITED_ACTIONS[awaited] : needsData;
  if (facts.data && states.tune.standing !== "done") return "evaluate";
  if (states.export.standing === "done") return null;
  return facts.data && facts.evaluation?.result.verdict?.passed === false ? "rescue" : "export";
}
