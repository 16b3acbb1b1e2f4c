import type { Calibration, SpeedChoice, WrittenFile } from "../../../../workers/protocol.ts";
import type { Advice } from "../../../engine/model/advice.ts";
import type { GroupFigures } from "../../../engine/model/analysis.ts";
import type { CodeSearch } from "../../../engine/model/codeSearch.ts";
import type { Diagnosis } from "../../../engine/model/culprit.ts";
import type { Finding } from "../../../engine/model/diagnosis.ts";
import type { Drift } from "../../../engine/model/drift.ts";
import type { Evaluation, Probe } from "../../../engine/model/evaluation.ts";
import type { FineTuning } from "../../../engine/model/finetuning.ts";
import type { Notice } from "../../../engine/model/job.ts";
import type { LayerTimes } from "../../../engine/model/latency.ts";
import type { Preprocess } from "../../../engine/model/preprocess.ts";
import type { PreprocessFinding } from "../../../engine/model/preprocessFinding.ts";
import type { FileWalk } from "../../../engine/model/quantizedFile.ts";
import type { Recipe } from "../../../engine/model/recipe.ts";
import type { Refinement } from "../../../engine/model/refinement.ts";
import type { Rounding } from "../../../engine/model/rounding.ts";
import type { ErrorWalk, Sensitivity } from "../../../engine/model/sensitivity.ts";
import type { Tuning } from "../../../engine/model/tuning.ts";
import type { Basis } from "../../../engine/recipe/basis.ts";
import { sameFinding } from "../findings.ts";
import type { StoredResult } from "../stored.ts";
import type { Changes } from "./slice.ts";

/** A result and what it was made of. */
export interface Based<T> {
  readonly result: T;
  readonly basis: Basis;
}

/** What is wrong, and what that was found in: with another recipe or calibration it is stale. */
export interface Diagnosed extends Diagnosis {
  readonly recipe: Recipe;
  readonly calibration: Calibration;
}

export interface ExportSummary {
  /** The one download; null where each file is one. */
  readonly zip: { readonly name: string; readonly bytes: number } | null;
  readonly files: readonly WrittenFile[];
  readonly notices: readonly Notice[];
}

/** What was measured of the last change, and what of. */
export interface Probed {
  readonly result: Probe;
  readonly recipe: Recipe;
  readonly basis: Basis;
  /** What was measured on the same samples before the change. */
  readonly before: Probe | null;
}

/** What a step did to the outputs, float against quantized on the same samples before and after; null where it is not told. */
export interface Gain {
  readonly sqnr: readonly [before: number, after: number] | null;
  readonly drop: readonly [before: number, after: number] | null;
  readonly samples: number;
  /** Which samples those are. */
  readonly on: string;
}

/** A remedy that was taken: an edit of the recipe that can be undone. */
export interface RemedyStep {
  readonly label: string;
  /** The row that it was recommended for; null where that is all layers. */
  readonly layer: string | null;
  /** How many steps of undo were before it. */
  readonly depth: number;
  readonly before: Recipe;
  readonly after: Recipe;
  /** Null until it is measured. */
  readonly gain: Gain | null;
}

/** Learned rounding, and how many samples and iterations were asked for. */
export interface LearnedRounding extends Based<Rounding> {
  readonly asked: { readonly samples: number; readonly iterations: number };
}

/** What fine-tuning came to, how many samples and steps were asked for, and from which learned rounding on, by its digest. */
export interface FineTuned extends Based<FineTuning> {
  readonly asked: { readonly samples: number; readonly steps: number; readonly rounding: string };
}

/** Codes and scales of inputs found on samples, and on how many was asked for. */
export interface FoundCodes extends Based<CodeSearch> {
  readonly asked: { readonly samples: number };
}

/** What trying other preprocessings found, of which data and beside which. */
export interface TriedPreprocess {
  /** Null where nothing tells. */
  readonly finding: PreprocessFinding | null;
  /** Why none could be tried; null where they could. */
  readonly failure: string | null;
  readonly preprocess: Preprocess | null;
  readonly data: string;
}

/** What a recipe quantizes, for fidelity or for speed. */
export type Extent = Pick<Recipe, "elementwise" | "float">;

/** What was timed for speed, what the recipe quantizes for it, and what it did before. */
export interface MeasuredSpeed extends SpeedChoice {
  readonly before: Extent;
}

/** How new samples lie beside a calibration, under the ranges of a recipe: with another of either it is stale. */
export interface MeasuredDrift {
  readonly result: Drift;
  readonly recipe: Recipe;
  readonly calibration: Calibration;
  /** What the new samples are called. */
  readonly data: string;
}

/** The walk through a quantized file, and which samples it was on, prepared how. */
export interface WalkedFile {
  readonly result: FileWalk;
  /** Of the file. */
  readonly sha256: string;
  readonly data: string;
  readonly preprocess: Preprocess | null;
  readonly seed: Recipe["seed"];
}

/** Advice by what was measured, and on which data. */
export interface MeasuredAdvice {
  readonly advice: Advice;
  readonly data: string;
}

/** What was measured and estimated of the open model. */
export interface Results {
  /** Estimates under the recipe of the moment, by group. */
  readonly overview: ReadonlyMap<string, GroupFigures>;
  readonly triedPreprocess: TriedPreprocess | null;
  readonly advice: MeasuredAdvice | null;
  /** What was timed for speed; null where fidelity is the goal. */
  readonly speed: MeasuredSpeed | null;
  readonly evaluation: Based<Evaluation> | null;
  readonly exported: Based<ExportSummary> | null;
  /** What the last change came to, measured in the background. */
  readonly probed: Probed | null;
  /** Every evaluation of this model that was kept, newest first. */
  readonly kept: readonly StoredResult[];
  readonly sensitivity: Based<Sensitivity> | null;
  readonly walk: Based<ErrorWalk> | null;
  /** Through a quantized file of any tool that was read beside the model. */
  readonly fileWalk: WalkedFile | null;
  readonly drift: MeasuredDrift | null;
  /** How long layers took, and under which recipe. */
  readonly layerTimes: { readonly result: LayerTimes; readonly recipe: Recipe } | null;
  readonly tuning: Based<Tuning> | null;
  readonly rounding: LearnedRounding | null;
  readonly finetuning: FineTuned | null;
  readonly codes: FoundCodes | null;
  /** What scales found without data gained, and under which recipe. */
  readonly refinement: { readonly result: Refinement; readonly recipe: Recipe } | null;
  readonly diagnosis: Diagnosed | null;
  /** Findings whose remedy was applied since the last evaluation. */
  readonly applied: readonly Finding[];
  /** Remedies that were taken, in their order; those undone since are among them. */
  readonly remedySteps: readonly RemedyStep[];
}

export const NO_RESULTS: Results = {
  overview: new Map(),
  triedPreprocess: null,
  advice: null,
  speed: null,
  evaluation: null,
  exported: null,
  probed: null,
  kept: [],
  sensitivity: null,
  walk: null,
  fileWalk: null,
  drift: null,
  layerTimes: null,
  tuning: null,
  rounding: null,
  finetuning: null,
  codes: null,
  refinement: null,
  diagnosis: null,
  applied: [],
  remedySteps: [],
};

export const resultsChanges = {
  preprocessTried: (_, triedPreprocess: TriedPreprocess) => ({ triedPreprocess }),
  adviceMeasured: (_, advice: MeasuredAdvice) => ({ advice }),
  speedMeasured: (_, speed: MeasuredSpeed) => ({ speed }),
  speedForgotten: () => ({ speed: null }),
  evaluationFinished: (_, evaluation: Based<Evaluation>) => ({ evaluation }),
  exportFinished: (_, exported: Based<ExportSummary>) => ({ exported }),
  /** Results are kept, brought back or changed: one of the same id is replaced. */
  resultsKept: ({ kept }, later: readonly StoredResult[]) => {
    const byId = new Map([...kept, ...later].map((result) => [result.id, result]));
    return { kept: [...byId.values()].sort((a, b) => b.date - a.date) };
  },
  resultDeleted: ({ kept }, id: string) => ({ kept: kept.filter((entry) => entry.id !== id) }),
  sensitivityMeasured: (_, sensitivity: Based<Sensitivity> | null) => ({ sensitivity }),
  walkMeasured: (_, walk: Based<ErrorWalk>) => ({ walk }),
  fileWalked: (_, fileWalk: WalkedFile) => ({ fileWalk }),
  driftMeasured: (_, drift: MeasuredDrift) => ({ drift }),
  layersTimed: (_, layerTimes: NonNullable<Results["layerTimes"]>) => ({ layerTimes }),
  searchAdvanced: (_, tuning: Based<Tuning>) => ({ tuning }),
  roundingLearned: (_, rounding: LearnedRounding) => ({ rounding }),
  fineTuned: (_, finetuning: FineTuned) => ({ finetuning }),
  codesFound: (_, codes: FoundCodes) => ({ codes }),
  refinementMeasured: (_, refinement: NonNullable<Results["refinement"]>) => ({ refinement }),
  diagnosed: (_, diagnosis: Diagnosed) => ({ diagnosis }),
  remedyApplied: ({ applied }, finding: Finding) => ({
    applied: [...applied.filter((one) => !sameFinding(one, finding)), finding],
  }),
  remediesEvaluated: () => ({ applied: [] }),
  remedyTaken: ({ remedySteps }, step: RemedyStep) => ({
    remedySteps: [...remedySteps.filter(({ depth }) => depth < step.depth), step],
  }),
  gainMeasured: ({ remedySteps }, measured: RemedyStep, gain: Gain) => ({
    remedySteps: remedySteps.map((step) => (step === measured ? { ...step, gain } : step)),
  }),
} satisfies Changes<Results>;
