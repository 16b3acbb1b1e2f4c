import type { ClipFigures, Method, Range } from "./range.ts";

export interface MethodMark {
  readonly method: Method;
  readonly figures: ClipFigures;
}

/** Everything the clip chart shows of one range group, from statistics alone: all figures are estimates. */
export interface TensorAnalysis {
  readonly group: string;
  readonly members: readonly string[];
  readonly seen: {
    readonly finite: number;
    readonly zeros: number;
    readonly nonFinite: number;
    readonly min: number;
    readonly max: number;
    readonly samples: number;
  };
  /** Counts in equal bins over `window`, zeros included in theirs. */
  readonly histogram: { readonly window: Range; readonly counts: readonly number[] };
  readonly marks: readonly MethodMark[];
  readonly chosen: { readonly source: Method | "hand" | "fixed"; readonly figures: ClipFigures };
  /** Expected MSE as the range shrinks towards zero: `share` of the min-max range kept, 0..1. */
  readonly curve: readonly { readonly share: number; readonly range: Range; readonly mse: number }[];
}

/** What was seen of a tensor, whether it has a clip range or not. */
export type SeenValues = Pick<TensorAnalysis, "seen" | "histogram">;

/** One row of the list of layers, estimated from statistics; null where the layer's output stays in float. */
export interface GroupFigures {
  readonly group: string;
  readonly source: Method | "hand" | "fixed";
  readonly figures: ClipFigures;
  readonly nonFinite: number;
  /** 24 bin heights, 0..1, of the histogram over min..max. */
  readonly spark: readonly number[];
}

export interface WeightAnalysis {
  readonly name: string;
  readonly dims: readonly number[];
  /** The output-channel axis; null when quantized per tensor. */
  readonly axis: number | null;
  readonly channels: readonly {
    readonly min: number;
    readonly max: number;
    readonly scale: number;
    readonly sqnr: number;
  }[];
  /** Of the whole tensor under the recipe's granularity, dB. */
  readonly sqnr: number;
}
