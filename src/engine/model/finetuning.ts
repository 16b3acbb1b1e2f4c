import { count, fields, finites, flag, list, nullable, number, type Of, record, text } from "../schema/define.ts";
import type { JobContext } from "./job.ts";
import type { Affine } from "./range.ts";
import { FOUND_CODES, PRINTS } from "./recipe.ts";
import { type LayerWeight, type Learner, LOSS_POINT, type LossPoint, type Rounding } from "./rounding.ts";
import type { Tensor } from "./tensor.ts";

/** Steps of Adam over a block, unless said otherwise: docs/finetuning.md. */
export const TUNING_STEPS = 100;

/** One in so many samples judges and teaches nothing. */
export const HELD = 5;

/** How many of so many samples teach, the first ones; the others judge, and rounding that is gone on from has not seen them. */
export function teachingOf(samples: number): number {
  return samples - Math.floor(samples / HELD);
}

/** What a value is rounded to: codes of an activation, and the least and the greatest. */
export interface ValueGrid extends Affine {
  readonly limits: readonly [number, number];
}

/** A layer to be tuned: its weight as rows of output channels, and the codes that it begins with, in that order. */
export interface BlockLayer extends LayerWeight {
  readonly codes: Int8Array;
  /** One a channel; null where all are 0. */
  readonly zeroPoints: Int8Array | null;
  /** One an output channel; null where none can be added. */
  readonly bias: Float32Array | null;
}

/** How a step makes a value: of earlier values, by their numbers, where 0 is what the block is fed and `n` what step `n - 1` made. */
export type BlockOperation =
  | { readonly kind: "layer"; readonly of: number; readonly layer: number }
  | { readonly kind: "clamp"; readonly of: number; readonly low: number; readonly high: number }
  | { readonly kind: "add"; readonly of: number; readonly and: number }
  /** The mean over height and width. */
  | { readonly kind: "mean"; readonly of: number }
  /** All of a sample as one row. */
  | { readonly kind: "rows"; readonly of: number };

/** What it makes is rounded where `grid` is not null. */
export type BlockStep = BlockOperation & { readonly grid: ValueGrid | null };

/** Consecutive nodes of a graph that read one activation and make one. */
export interface BlockProblem {
  readonly layers: readonly BlockLayer[];
  readonly steps: readonly BlockStep[];
}

/** A layer as it was tuned: codes in the order of its rows, a scale a channel, and what is added to its bias. */
export interface TunedLayer {
  readonly codes: Int8Array;
  readonly scales: Float32Array;
  readonly shift: Float32Array | null;
}

export interface TunedBlock {
  readonly layers: readonly TunedLayer[];
  /** Squared error of the block's output on samples held out, as a share of its own square: as it began and as tuned. */
  readonly before: number;
  readonly after: number;
  /** The same on the samples that it learns from, as steps are taken. */
  readonly curve: readonly LossPoint[];
}

/** A block being tuned: what it is fed in the quantized model and makes in the float model is streamed in, then it learns. */
export interface BlockTask {
  add(input: Tensor, output: Tensor): Promise<void>;
  /** The last `held` samples added judge and teach nothing. Rejects with the signal's reason when it is aborted. */
  tune(steps: number, held: number, signal: AbortSignal, onPoint: (point: LossPoint) => void): Promise<TunedBlock>;
  dispose(): Promise<void>;
}

/** A learner that tunes several layers at once, too. */
export interface BlockLearner extends Learner {
  beginBlock(problem: BlockProblem): Promise<BlockTask>;
}

/** One layer whose codes, scale and zero point a channel were found by themselves, before blocks are tuned. */
const LAYER_TUNING = fields({
  layer: text,
  weights: count,
  /** How much noisier its inputs were taken to be, in shares of their mean square: what lost least on samples held out. */
  noise: number,
  /** Squared error of its output on samples held out, as a share of its own square, without mean errors that a bias takes up. */
  loss: number,
  seconds: number,
});
export type LayerTuning = Of<typeof LAYER_TUNING>;

/**
 * Whether something is kept: by the model's outputs on samples held out, their squared error as a share of their own square; NaN where
 * no output in float varied on these.
 */
const JUDGED = fields({ before: number, after: number, kept: flag });
export type Judged = Of<typeof JUDGED>;

const LAYERWISE = fields({
  layers: list(LAYER_TUNING),
  /** How many layers there are; fewer are in `layers` where tuning was cancelled. */
  wanted: count,
  /** How many views of samples were seen, as they are and in crops, those held out among them: as many as there was memory for. */
  views: count,
  /** As the recipe keeps them, until they are judged; what is kept of them is in the result's own then. */
  found: nullable(fields({ codes: record(FOUND_CODES), biases: record(finites) })),
  /** With the learned rounding that is gone on from, and with what was found; null until all layers are there. */
  judged: nullable(JUDGED),
});
export type Layerwise = Of<typeof LAYERWISE>;

/** What tuning did to one block. */
const BLOCK_TUNING = fields({
  /** Ids of its layers that are tuned. */
  layers: list(text),
  /** Squared error of the block's output on samples held out, as a share of its own square: as it began and as tuned. */
  before: number,
  after: number,
  /** Whether what was learned is kept: only where it gains on samples held out. */
  kept: flag,
  curve: list(LOSS_POINT),
  seconds: number,
});
export type BlockTuning = Of<typeof BLOCK_TUNING>;

export const FINE_TUNING = fields({
  /** As the recipe keeps them. */
  codes: record(FOUND_CODES),
  biases: record(finites),
  layerwise: LAYERWISE,
  blocks: list(BLOCK_TUNING),
  /** How many blocks there are; fewer are in `blocks` where tuning was cancelled. */
  wanted: count,
  samples: count,
  /** How many views of them were seen, as they are and in crops, those held out among them. */
  views: count,
  steps: count,
  learner: text,
  seconds: number,
  /** Of the samples that were read. */
  prints: PRINTS,
});
export type FineTuning = Of<typeof FINE_TUNING>;

export interface FineTuneRequest {
  /** The first so many samples are read: `teachingOf` them teach. */
  readonly samples: number;
  /** Steps of Adam over each block. */
  readonly steps: number;
  /** The learned rounding that is gone on from, of the samples that teach. */
  readonly from: Pick<Rounding, "rounding" | "biases">;
  /** What a run that was ended came to: its layers and blocks are not tuned again. */
  readonly resume: FineTuning | null;
}

export interface FineTuneListener {
  readonly context: JobContext;
  /** The loss of the block under way, by the ids of its layers. */
  readonly onPoint: (layers: readonly string[], point: LossPoint) => void;
  /** What there is after each layer, and each block, that was tuned. */
  readonly onBlock: (partial: FineTuning) => void;
}

/** Whether anything that was tuned is kept. */
export function hasGained({ layerwise, blocks }: Pick<FineTuning, "layerwise" | "blocks">): boolean {
  return layerwise.judged?.kept === true || blocks.some(({ kept }) => kept);
}

/** What is said where no output tells whether layers gained. */
export const NOT_JUDGED = "no output in float varied on the samples held out, so that nothing says whether it gained";

/** What a block that is kept does not say: it was held against rounding learned of the samples that teach, not of all. */
export const AGAINST_PART =
  "What was kept gained over rounding learned of the samples that teach; rounding learned of all of them may be nearer to the float model yet, so compare the two.";
