import type { Evaluation } from "./evaluation.ts";
import type { Notice } from "./job.ts";
import type { Recipe } from "./recipe.ts";
import type { TargetName } from "./target.ts";

/** What a model is, by its graph. */
export const MODEL_KINDS = [
  "decoder",
  "encoder",
  "recurrent",
  "bytes",
  "detector",
  "depthwise",
  "cnn",
  "spectrogram",
  "other",
] as const;
export type ModelKind = (typeof MODEL_KINDS)[number];

export const KIND_WORDS: Readonly<Record<ModelKind, string>> = {
  decoder: "decoder language model",
  encoder: "transformer encoder",
  recurrent: "recurrent network",
  bytes: "classifier of bytes with an embedding",
  detector: "detector",
  depthwise: "CNN with depthwise layers",
  cnn: "CNN",
  spectrogram: "spectrogram front end",
  other: "network of no kind that is known",
};

export interface FoundKind {
  readonly kind: ModelKind;
  /** What of the graph says so, a sentence. */
  readonly evidence: string;
}

/** The settings that advice is about. */
export type AdvisedSettings = Pick<Recipe, "format" | "activations" | "weights" | "float" | "elementwise"> &
  Pick<Recipe, "target">;

/** One choice, and why. */
export interface AdvisedChoice {
  /** What is chosen, as the recipe's pane calls it. */
  readonly setting: string;
  readonly value: string;
  /** A sentence with its figure. */
  readonly why: string;
  /** What the figure was measured on, what it was worked out of, or which document says so. */
  readonly basis: string;
}

/** What a recipe came to on samples that did not teach it. */
export interface AdviceFigures {
  readonly bytes: number;
  /** dB of the worst output; null where no output has a figure. */
  readonly sqnr: number | null;
  readonly top1: Evaluation["top1"];
  readonly perplexity: Evaluation["perplexity"];
  /** Median time of a run over the float model's in the same round, on one thread; null where the target is elsewhere. */
  readonly time: number | null;
}

/** A recipe that was considered. */
export interface AdviceOption {
  readonly name: string;
  readonly settings: AdvisedSettings;
  readonly choices: readonly AdvisedChoice[];
  /** Null where there is no data, or why it could not be made. */
  readonly figures: AdviceFigures | null;
  readonly failed: string | null;
}

export interface Advice {
  readonly target: TargetName;
  /** What the model is, the main kind first. */
  readonly kinds: readonly FoundKind[];
  /** The first is what choosing the target sets. */
  readonly options: readonly AdviceOption[];
  /** Which of them is advised. */
  readonly advised: number;
  /** Why that one, a sentence. */
  readonly why: string;
  readonly size: {
    readonly float: number;
    readonly advised: number;
    /** Measured on what was written, or estimated from the plan. */
    readonly basis: string;
  };
  /** On what fidelity and time were measured; null without data, where they are unknown. */
  readonly measured: {
    readonly taught: number;
    readonly judged: number;
    readonly runtime: string;
    readonly machine: string;
  } | null;
  readonly notices: readonly Notice[];
}
