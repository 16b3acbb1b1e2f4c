import { count, fields, list, nullable, number, type Of, text } from "../schema/define.ts";
import { NOTICE } from "./job.ts";

/** How far a quantized model's outputs are from the float model's, over the samples measured. */
const OUTPUT_ERRORS = fields({
  /** 10 log10(signal / error) of the worst output, of its worst part where there are parts, dB. */
  sqnr: number,
  mse: number,
  /** 1 where the outputs point the same way. */
  cosine: number,
  /** Mean KL(softmax(float) || softmax(quantized)) of a row in nats; null where there are no rows. */
  kl: nullable(number),
  /** Top-1 of float less top-1 of quantized, as a share; null without labels, and where the scores mean nothing in the float model. */
  drop: nullable(number),
});
export type OutputErrors = Of<typeof OUTPUT_ERRORS>;

export const ERROR_METRICS = ["sqnr", "mse", "kl", "cosine", "drop"] as const;
export type ErrorMetric = (typeof ERROR_METRICS)[number];

/** What the outputs lose when one layer (with the activation function fused to it) is quantized, and gain when it is not. */
const LAYER_SENSITIVITY = fields({
  /** The layer's id. */
  layer: text,
  /** Only this layer's weights quantized; null where it has none. On every second sample where a run ends early, as `activations`. */
  weights: nullable(OUTPUT_ERRORS),
  /** Only the activations that this layer reads and makes. */
  activations: OUTPUT_ERRORS,
  /** This layer alone, weights and activations. */
  alone: OUTPUT_ERRORS,
  /** Everything quantized but this layer, as the recipe would leave it in float. */
  without: OUTPUT_ERRORS,
});
export type LayerSensitivity = Of<typeof LAYER_SENSITIVITY>;

export const SENSITIVITY = fields({
  /** Samples measured so far, of how many, and how many of them have labels. */
  samples: count,
  wanted: count,
  /** Samples that `alone`, which layers are ranked by, was measured on: `samples`, or more of them. */
  ranked: count,
  labelled: count,
  /**
   * How far the ranking of layers with weights by `alone` can be trusted: how well two halves of the samples agree on it, 1 where they do in full;
   * null with fewer than four samples.
   */
  reliability: nullable(number),
  /** Everything quantized, as the recipe says. */
  all: OUTPUT_ERRORS,
  /** In graph order. */
  layers: list(LAYER_SENSITIVITY),
  /** Bytes that tensors and weights kept for not running layers again take, and the bound they stay under. */
  kept: fields({ bytes: count, bound: count }),
  executor: fields({ runtime: text, threads: count }),
  seconds: number,
  /** Of outputs that mean nothing in the float model, and are left out of all errors. */
  notices: list(NOTICE),
});
export type Sensitivity = Of<typeof SENSITIVITY>;

/** One layer of the walk through the exported model. */
const WALK_STEP = fields({
  layer: text,
  /** The tensor compared: the layer's output, after the activation function fused to it. */
  tensor: text,
  /** Of the quantized model's tensor against the float model's, dB. */
  sqnr: number,
  mse: number,
  /** The lowest SQNR among the tensors it reads; null at the start. What is lost between the two enters here. */
  inputSqnr: nullable(number),
});
export type WalkStep = Of<typeof WALK_STEP>;

/** Float against the exported model, layer by layer, in graph order. */
export const ERROR_WALK = fields({ samples: count, steps: list(WALK_STEP) });
export type ErrorWalk = Of<typeof ERROR_WALK>;
