import { count, fields, finites, list, number, type Of, record, text } from "../schema/define.ts";
import type { JobContext } from "./job.ts";
import { PRINTS, ROUNDING_BITS } from "./recipe.ts";
import type { Tensor } from "./tensor.ts";

/** What rounding is learned on and for how long, unless said otherwise; more gain little: docs/rounding.md. */
export const ROUNDING_SAMPLES = 100;
export const ROUNDING_ITERATIONS = 200;

/** How a layer applies its weight. Sizes are of one group; height before width. */
export type LayerForm =
  | {
      readonly kind: "conv";
      readonly groups: number;
      readonly kernel: readonly [number, number];
      readonly strides: readonly [number, number];
      readonly dilations: readonly [number, number];
      /** Top, left, bottom, right. */
      readonly pads: readonly [number, number, number, number];
    }
  /** The input's last dimension is multiplied. */
  | { readonly kind: "matmul" };

/** A weight to be rounded, as rows of output channels. */
export interface LayerWeight {
  readonly form: LayerForm;
  /** Row-major [channels, inputs]: all that adds up to one output channel is one row. */
  readonly weight: Float32Array;
  readonly channels: number;
  readonly inputs: number;
  /** One scale a channel, and the least and the greatest code. */
  readonly scales: Float32Array;
  readonly limits: readonly [number, number];
}

export interface RoundingProblem extends LayerWeight {
  /** Whether the layer's bias takes up the mean error of each output channel, so that rounding need not. */
  readonly biased: boolean;
}

/** Iteration, and the squared error of the layer's output as a share of the output's own square. */
export const LOSS_POINT = fields({ iteration: count, loss: number });
export type LossPoint = Of<typeof LOSS_POINT>;

export interface LearnedRounding {
  /** 1 where a weight is rounded up, in the order of `weight`. */
  readonly up: Uint8Array;
  /** How many are not rounded to the nearest code. */
  readonly changed: number;
  /** What is added to the bias of each output channel, so that its mean error is none; null where no bias takes it up. */
  readonly shift: Float32Array | null;
  /** The loss rounded to nearest and as learned, every weight up or down, without the mean errors that a bias takes up. */
  readonly nearest: number;
  readonly learned: number;
  /** The loss while weights lie between up and down. */
  readonly curve: readonly LossPoint[];
}

/**
 * What a layer's squared error depends on, with x the float model's input, x^ = x + e the quantized model's: means over
 * positions, of each group of a convolution.
 */
export interface LayerProducts {
  /** E[x^ x^'] with noise on its diagonal, as [groups, inputs, inputs]. */
  readonly gram: Float32Array;
  /** By group: the noise on that diagonal. */
  readonly noise: Float32Array;
  /** W E[e x^'], as [channels, inputs]. */
  readonly cross: Float32Array;
  /** By channel: E(w e)^2 and E(w x)^2. */
  readonly drift: Float32Array;
  readonly power: Float32Array;
  /** E[x^] and E[e], as [groups, inputs], which all of these are beyond; null where no bias takes up mean errors. */
  readonly means: InputMeans | null;
}

export interface InputMeans {
  readonly rounded: Float64Array;
  readonly drift: Float64Array;
}

/** One layer's rounding being learned: its inputs are streamed in, then it learns, or gives what they add up to. */
export interface RoundingTask {
  /** The layer's input on one sample, in the float model and in the model whose earlier layers are rounded. */
  add(float: Tensor, rounded: Tensor): Promise<void>;
  /** What is added from here on is held out: it teaches nothing. */
  hold(): Promise<void>;
  learn(iterations: number, signal: AbortSignal, onPoint: (point: LossPoint) => void): Promise<LearnedRounding>;
  /** Of what teaches, or of what is held out. */
  products(of: "taught" | "held"): Promise<LayerProducts>;
  dispose(): Promise<void>;
}

/** What learns by gradients. */
export interface Learner {
  /** "tfjs 4.22.0, WASM" and the like. */
  readonly label: string;
  begin(problem: RoundingProblem): Promise<RoundingTask>;
}

/** What learning did to one layer. */
const LAYER_ROUNDING = fields({
  layer: text,
  weights: count,
  /** How many are not rounded to the nearest code. */
  changed: count,
  /**
   * Squared error of the layer's output as a share of its own square, rounded to nearest and as learned: without the mean error of each
   * channel where the layer's bias takes it up.
   */
  nearest: number,
  learned: number,
  curve: list(LOSS_POINT),
  seconds: number,
});
export type LayerRounding = Of<typeof LAYER_ROUNDING>;

export const ROUNDING = fields({
  /** As in the recipe. */
  rounding: record(ROUNDING_BITS),
  /** What is added to the biases of these layers, which was learned with their rounding; of those that take none, nothing. */
  biases: record(finites),
  layers: list(LAYER_ROUNDING),
  /** How many layers there are to learn; fewer are in `layers` where learning was cancelled. */
  wanted: count,
  samples: count,
  iterations: count,
  learner: text,
  seconds: number,
  /** Of the samples that were read. */
  prints: PRINTS,
});
export type Rounding = Of<typeof ROUNDING>;

export interface RoundingRequest {
  /** The first so many samples are read. */
  readonly samples: number;
  readonly iterations: number;
  /** What a run that was ended came to: its layers are not learned again. */
  readonly resume: Rounding | null;
}

/** Progress of learning: of the layers done, and of the one under way. */
export interface RoundingListener {
  readonly context: JobContext;
  readonly onPoint: (layer: string, point: LossPoint) => void;
  /** What has been learned after each layer that is; a run that goes on has begun with all that was learned before. */
  readonly onLayer: (partial: Rounding) => void;
}
