import type { Calibration, PathFile, Underway } from "../../../../workers/protocol.ts";
import type { DataSummary, InputSource } from "../../../engine/model/dataset.ts";
import type { Recipe } from "../../../engine/model/recipe.ts";
import type { ModelSummary } from "../../../engine/model/summary.ts";
import { withOthers, withSettings } from "../../../engine/recipe/change.ts";
import type { Origin } from "../../../engine/recipe/derivations.ts";
import { withPreprocess } from "../../../engine/recipe/edits.ts";
import { clamp } from "../../../engine/values/clamp.ts";
import * as history from "../history.ts";
import type { Changes } from "./slice.ts";

/** A model that is larger than what a tab holds: its bytes, weights and all, and those that are held. */
export interface Large {
  readonly bytes: number;
  readonly held: number;
}

export interface OpenModel {
  readonly file: File;
  /** The files that came with it, which may hold its weights. */
  readonly beside: readonly PathFile[];
  /** As the default recipe leaves it. */
  readonly summary: ModelSummary;
  /** Under the recipe of the moment. */
  readonly plan: ModelSummary;
  /** Where its inputs get their values while there is no data. */
  readonly sources: readonly InputSource[];
  /** Of a model whose weights are left in their files; null where it is held. */
  readonly large: Large | null;
}

export interface OpenData {
  readonly files: readonly PathFile[];
  readonly summary: DataSummary;
  /** Tells these files from others (state/fingerprint.ts). */
  readonly fingerprint: string;
  /** The same without labels, of which calibration reads nothing. */
  readonly samplesFingerprint: string;
}

/** Files that leave an input without values: they wait for others. */
export interface OfferedData {
  readonly files: readonly PathFile[];
  readonly sources: readonly InputSource[];
}

/** How far settling a recipe came that wants the model observed as it is scaled, and of which samples. */
export interface Begun extends Underway {
  /** Fingerprint of the samples. */
  readonly calibratedOn: string;
  /** Samples asked for. */
  readonly samples: number;
}

/** What is worked on. */
export interface Project {
  readonly model: OpenModel | null;
  readonly data: OpenData | null;
  readonly offered: OfferedData | null;
  /** How many samples, from the first, are to calibrate; the rest evaluates. */
  readonly samples: number;
  readonly recipe: history.History<Recipe> | null;
  /** The quantized file that was read beside the model, another one each time; null before one was. */
  readonly besideFile: { readonly name: string; readonly sha256: string } | null;
  readonly calibration: Calibration | null;
  /** How long the calibration ran, in milliseconds; null when it was read from a file or store. */
  readonly calibrationTime: number | null;
  /** Fingerprint of the samples that it ran on; null where that is not known. */
  readonly calibratedOn: string | null;
  /** What settling that did not end came to; null where it ended. */
  readonly begun: Begun | null;
  /** Whether model and samples are kept in this browser. */
  readonly keep: boolean;
}

export const NO_PROJECT: Project = {
  model: null,
  data: null,
  offered: null,
  samples: 0,
  recipe: null,
  besideFile: null,
  calibration: null,
  calibrationTime: null,
  calibratedOn: null,
  begun: null,
  keep: false,
};

/** The recipe, with the preprocessing of the data where it has none or these are tensors, which take none. */
export function suitedTo(recipe: Recipe, { summary: { preprocess } }: OpenData): Recipe {
  return preprocess && recipe.preprocess ? recipe : withPreprocess(recipe, preprocess);
}

/** What a recipe does not say of what it was taught. */
const UNSAID: ReadonlySet<Origin> = new Set(["data", "samples", "statistics"]);

/** The recipe without what samples taught that `changed`; its settings say whether the rest is of them. */
export function untaught(recipe: Recipe, changed: readonly Origin[]): Recipe {
  return withOthers(
    recipe,
    changed.filter((origin) => UNSAID.has(origin)),
  );
}

/** The history once the model was calibrated again: undo and redo bring nothing back that other samples taught. */
export function observedAnew(recipe: history.History<Recipe>, changed: readonly Origin[]): history.History<Recipe> {
  return history.map(recipe, (one) => untaught(one, changed));
}

export const projectChanges = {
  modelPlanned: ({ model }, plan: ModelSummary) => ({ model: model && { ...model, plan } }),
  /** Samples are preprocessed as the engine settled it, which is no edit of the person's, nor undone with one. */
  dataOpened: ({ recipe }, data: OpenData, samples: number, seed = recipe?.present.seed ?? null) => {
    const { preprocess } = data.summary;
    const suited = recipe && history.map(recipe, (one) => suitedTo(one, data));
    return {
      data,
      offered: null,
      samples: Math.min(data.summary.samples, samples),
      recipe: suited && history.amend(suited, withSettings(suited.present, { preprocess, seed })),
    };
  },
  /** The data that is open stays until they have what they lack. */
  dataOffered: (_, offered: OfferedData) => ({ offered }),
  offerDropped: () => ({ offered: null }),
  samplesChosen: ({ data, samples }, wanted: number) => ({
    samples: data ? clamp(Math.floor(wanted), 1, data.summary.samples) : samples,
  }),
  besideRead: (_, { name, sha256 }: NonNullable<Project["besideFile"]>) => ({ besideFile: { name, sha256 } }),
  keepChosen: (_, keep: boolean) => ({ keep }),
  /** A stand-in came or went with what the recipe quantizes. */
  calibrationFollowed: (_, calibration: Calibration | null) => ({ calibration }),
  /** More was observed; how long that took is known at the end. */
  calibrationAdvanced: ({ recipe }, calibration: Calibration, calibratedOn: string, changed: readonly Origin[]) => ({
    calibration,
    calibratedOn,
    recipe: recipe && observedAnew(recipe, changed),
  }),
  settlingAdvanced: (_, begun: Begun) => ({ begun }),
  calibrationTimed: (_, calibrationTime: number | null) => ({ calibrationTime }),
  /** Statistics that were put aside are those at hand again. */
  calibrationTakenUp: (_, calibration: Calibration, calibratedOn: string | null) => ({
    calibration,
    calibrationTime: null,
    calibratedOn,
  }),
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
    changed: readonly Origin[],
  ) => ({
    recipe: recipe && history.amend(observedAnew(recipe, changed), present),
    calibration,
    calibrationTime,
    calibratedOn,
    begun: null,
  }),
} satisfies Changes<Project>;
