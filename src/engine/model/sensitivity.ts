import type { Notice } from "./job.ts";

/** How far a quantized model's outputs are from the float model's, over the samples measured. */
export interface OutputErrors {
  /** 10 log10(signal / error) of all outputs' values, dB. */
  readonly sqnr: number;
  readonly mse: number;
  /** 1 where the outputs point the same way. */
  readonly cosine: number;
  /** Mean KL(softmax(float) || softmax(quantized)) of a row in nats; null where there are no rows. */
  readonly kl: number | null;
  /** Top-1 of float less top-1 of quantized, as a share; null without labels, and where the scores mean nothing in the float model. */
  readonly drop: number | null;
}

export const ERROR_METRICS = ["sqnr", "mse", "kl", "cosine", "drop"] as const;
export type ErrorMetric = (typeof ERROR_METRICS)[number];

/** What the outputs lose when one layer (with the activation function fused to it) is quantized, and gain when it is not. */
export interface LayerSensitivity {
  /** The layer's id. */
  readonly layer: string;
  /** Only this layer's weights quantized; null where it has none. On every second sample where a run ends early, as `activations`. */
  readonly weights: OutputErrors | null;
  /** Only the activations that this layer reads and makes. */
  readonly activations: OutputErrors;
  /** This layer alone, weights and activations. */
  readonly alone: OutputErrors;
  /** Everything quantized but this layer, as the recipe would leave it in float. */
  readonly without: OutputErrors;
}

export interface Sensitivity {
  /** Samples measured so far, of how many, and how many of them have labels. */
  readonly samples: number;
  readonly wanted: number;
  /** Samples that `alone`, which layers are ranked by, was measured on: `samples`, or more of them. */
  readonly ranked: number;
  readonly labelled: number;
  /**
   * How far the ranking of layers with weights by `alone` can be trusted: how well two halves of the samples agree on it, 1 where they do in full;
   * null with fewer than four samples.
   */
  readonly reliability: number | null;
  /** Everything quantized, as the recipe says. */
  readonly all: OutputErrors;
  /** In graph order. */
  readonly layers: readonly LayerSensitivity[];
  /** Bytes that tensors and weights kept for not running layers again take, and the bound they stay under. */
  readonly kept: { readonly bytes: number; readonly bound: number };
  readonly executor: { readonly runtime: string; readonly threads: number };
  readonly seconds: number;
  /** Of outputs that mean nothing in the float model, and are left out of all errors. */
  readonly notices: readonly Notice[];
}

/** One layer of the walk through the exported model. */
export interface WalkStep {
  readonly layer: string;
  /** The tensor compared: the layer's output, after the activation function fused to it. */
  readonly tensor: string;
  /** Of the quantized model's tensor against the float model's, dB. */
  readonly sqnr: number;
  readonly mse: number;
  /** The lowest SQNR among the tensors it reads; null at the start. What is lost between the two enters here. */
  readonly inputSqnr: number | null;
}

/** Float against the exported model, layer by layer, in graph order. */
export interface ErrorWalk {
  readonly samples: number;
  readonly steps: readonly WalkStep[];
}
