import type { ActivationType } from "../values/codes.ts";
/** An interval of real values, low <= high. */
export interface Range {
  readonly low: number;
  readonly high: number;
}

/** What the chosen statistics say the clip range should be. Each is described in docs/methods.md. */
export const METHODS = ["minmax", "average", "percentile", "entropy", "mse", "cosine"] as const;
export type Method = (typeof METHODS)[number];

/** How an activation is mapped to integers. */
export interface ActivationScheme {
  readonly type: ActivationType;
  readonly symmetric: boolean;
}

/** Affine parameters: x is about scale * (q - zeroPoint). `scale` is a float32 value held in a number. */
export interface Affine {
  readonly scale: number;
  readonly zeroPoint: number;
}

/** What a clip range does to a tensor, estimated from its statistics. */
export interface ClipFigures extends Affine {
  readonly range: Range;
  /** Share of the finite values outside the range, 0..1. */
  readonly clipped: number;
  /** Mean squared error of quantizing, in the tensor's unit squared. */
  readonly mse: number;
  /** 10 log10(mean square / mse), dB; Infinity when nothing is lost, NaN when the tensor is all zero. */
  readonly sqnr: number;
  /** Bits of a uniform full-range quantizer of equal SQNR: (sqnr - 1.76) / 6.02. */
  readonly effectiveBits: number;
}
