import type { TensorAnalysis } from "./analysis.ts";
import type { Calibration } from "./calibration.ts";
import type { Evaluation } from "./evaluation.ts";
import type { Notice } from "./job.ts";
import type { Recipe } from "./recipe.ts";
import type { Layer, ModelSummary } from "./summary.ts";
import type { TunePoint, Tuning } from "./tuning.ts";

/** What a range group was seen to hold, its clip range, and what that is estimated to do. */
export type RangeReport = Pick<TensorAnalysis, "group" | "members" | "seen" | "histogram" | "chosen">;

export interface WeightReport {
  readonly name: string;
  readonly dims: readonly number[];
  /** The output-channel axis; null when quantized per tensor. */
  readonly axis: number | null;
  /** Of the whole tensor, and of the channel that loses most, dB. */
  readonly sqnr: number;
  readonly leastSqnr: number;
}

/** How a search found the recipe. A point's decisions, applied to `start` and settled on the same samples, give its recipe. */
export interface TuningRecord extends Omit<Tuning, "points"> {
  readonly start: Recipe;
  readonly points: readonly Omit<TunePoint, "recipe">[];
}

/** A layer, and why it stays in float in words. */
export interface ReportedLayer extends Omit<Layer, "reason"> {
  readonly reason: string | null;
}

/** What was done to a model, with what, and what came of it. */
export interface Report {
  readonly tool: { readonly name: string; readonly version: string };
  /** ISO 8601, UTC. */
  readonly date: string;
  readonly model: Omit<ModelSummary, "layers" | "activations" | "groups" | "notices"> & {
    readonly layers: readonly ReportedLayer[];
  };
  readonly recipe: Recipe;
  readonly calibration: Omit<Calibration, "model" | "statistics" | "notices">;
  /** In graph order. */
  readonly ranges: readonly RangeReport[];
  readonly weights: readonly WeightReport[];
  readonly evaluation: Evaluation | null;
  /** Null where a person made the recipe. */
  readonly tuning: TuningRecord | null;
  readonly files: readonly { readonly name: string; readonly bytes: number }[];
  /** All that preparing, calibrating and quantizing had to say. */
  readonly notices: readonly Notice[];
}
