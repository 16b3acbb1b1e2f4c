import type { Calibration, PathFile } from "../../../../workers/protocol.ts";
import type { DataSummary } from "../../../engine/model/dataset.ts";
import type { Recipe } from "../../../engine/model/recipe.ts";
import type { ModelSummary } from "../../../engine/model/summary.ts";
import { withPreprocess } from "../../../engine/recipe/edits.ts";
import { clamp } from "../../../engine/values/clamp.ts";
import * as history from "../history.ts";
import type { Changes } from "./slice.ts";

export interface OpenModel {
  readonly file: File;
  /** The files that came with it, which may hold its weights. */
  readonly beside: readonly PathFile[];
  /** As the default recipe leaves it. */
  readonly summary: ModelSummary;
  /** Under the recipe of the moment. */
  readonly plan: ModelSummary;
}

export interface OpenData {
  readonly files: readonly PathFile[];
  readonly summary: DataSummary;
  /** Tells these files from others (state/fingerprint.ts). */
  readonly fingerprint: string;
}

/** What is worked on. */
export interface Project {
  readonly model: OpenModel | null;
  readonly data: OpenData | null;
  /** How many samples, from the first, are to calibrate; the rest evaluates. */
  readonly samples: number;
  readonly recipe: history.History<Recipe> | null;
  readonly calibration: Calibration | null;
  /** How long the calibration ran, in milliseconds; null when it was read from a file or store. */
  readonly calibrationTime: number | null;
  /** Fingerprint of the data that it ran on; null where that is not known. */
  readonly calibratedOn: string | null;
  /** Whether model and samples are kept in this browser. */
  readonly keep: boolean;
}

export const NO_PROJECT: Project = {
  model: null,
  data: null,
  samples: 0,
  recipe: null,
  calibration: null,
  calibrationTime: null,
  calibratedOn: null,
  keep: false,
};

export const projectChanges = {
  modelPlanned: ({ model }, plan: ModelSummary) => ({ model: model && { ...model, plan } }),
  /** Samples are preprocessed as the engine settled it, which is no edit of the person's. */
  dataOpened: ({ recipe }, data: OpenData, samples: number) => ({
    data,
    samples: Math.min(data.summary.samples, samples),
    recipe: recipe && history.amend(recipe, withPreprocess(recipe.present, data.summary.preprocess)),
  }),
  samplesChosen: ({ data, samples }, wanted: number) => ({
    samples: data ? clamp(Math.floor(wanted), 1, data.summary.samples) : samples,
  }),
  keepChosen: (_, keep: boolean) => ({ keep }),
  /** A stand-in came or went with what the recipe quantizes. */
  calibrationFollowed: (_, calibration: Calibration | null) => ({ calibration }),
  /** More was observed; how long that took is known at the end. */
  calibrationAdvanced: (_, calibration: Calibration, calibratedOn: string) => ({ calibration, calibratedOn }),
  calibrationTimed: (_, calibrationTime: number | null) => ({ calibrationTime }),
  /** Statistics that were put aside are those at hand again. */
  calibrationTakenUp: (_, calibration: Calibration) => ({ calibration, calibrationTime: null }),
  recipeEdited: ({ recipe }, label: string, present: Recipe, time: number) => ({
    recipe: recipe && history.edit(recipe, present, label, time),
  }),
  recipeUndone: ({ recipe }) => ({ recipe: recipe && history.undo(recipe) }),
  recipeRedone: ({ recipe }) => ({ recipe: recipe && history.redo(recipe) }),
  /** What it lacked was learned and chosen. */
  recipeSettled: ({ recipe }, present: Recipe) => ({ recipe: recipe && history.amend(recipe, present) }),
  /** The same, on statistics that were observed for it. */
  recipeSettledAnew: (
    { recipe },
    present: Recipe,
    calibration: Calibration,
    calibrationTime: number | null,
    calibratedOn: string | null,
  ) => ({ recipe: recipe && history.amend(recipe, present), calibration, calibrationTime, calibratedOn }),
} satisfies Changes<Project>;
