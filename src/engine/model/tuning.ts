import type { Accuracy } from "./evaluation.ts";
import type { Corrections, Recipe } from "./recipe.ts";

/** What a quantized model has to keep: its top-1 within a drop (a share) of float's, or its outputs within an SQNR (dB). */
export type TuneLimit =
  | { readonly kind: "drop"; readonly share: number }
  | { readonly kind: "sqnr"; readonly decibels: number };

export interface TuneRequest {
  /** The first so many samples are read, and no others. */
  readonly samples: number;
  readonly limit: TuneLimit;
  readonly goal: "size" | "latency";
  /** Seconds after which no new step begins; null for none. It only cuts the order of steps short. */
  readonly budget: number | null;
}

/** One change to a recipe. A list of them, applied in order to the recipe that tuning began with, gives a point's recipe. */
export type Decision =
  | { readonly kind: "corrections"; readonly corrections: Corrections }
  | { readonly kind: "float"; readonly layers: readonly string[] }
  | { readonly kind: "int8"; readonly layers: readonly string[] };

/** A recipe that was tried, measured on the model it exports. */
export interface TunePoint {
  readonly decisions: readonly Decision[];
  /** What the last decision did, in words. */
  readonly label: string;
  readonly recipe: Recipe;
  readonly bytes: number;
  /** Layers that are in float in the exported model, whatever the reason. */
  readonly floatLayers: number;
  /** Of the output that is worst off, dB. */
  readonly sqnr: number;
  readonly top1: Accuracy | null;
  /** The drop of top-1 to expect, a share, estimated from the errors of all samples; null without labels. */
  readonly expected: number | null;
  /** Median milliseconds of a run, where latency is the goal. */
  readonly latency: number | null;
  /** Whether it keeps the limit: a drop has to be kept as measured and as expected. */
  readonly passed: boolean;
  /** Whether the search went on from it. */
  readonly accepted: boolean;
}

export interface Tuning {
  readonly request: TuneRequest;
  /** Which samples calibrated and taught the corrections, and which judged: first and one past the last. */
  readonly split: { readonly calibration: readonly [number, number]; readonly judgement: readonly [number, number] };
  /** Samples of the judging part that could be read, and how many of them have labels. */
  readonly judged: { readonly samples: number; readonly labelled: number };
  readonly executor: { readonly runtime: string; readonly threads: number };
  readonly bytes: { readonly float: number };
  /** Every point in the order it was tried. */
  readonly points: readonly TunePoint[];
  /** Index of the best point that keeps the limit; null where none does. */
  readonly chosen: number | null;
  /** Index of the point to offer: the chosen one, or where none keeps the limit the one that comes nearest. */
  readonly best: number;
  readonly ended: "found" | "exhausted" | "budget" | "cancelled";
  readonly seconds: number;
}
