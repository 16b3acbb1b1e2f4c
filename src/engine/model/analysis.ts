import { about, count, fields, list, number, type Of, oneOf, text } from "../schema/define.ts";
import type { ActivationType } from "../values/codes.ts";
import { CLIP_FIGURES, type ClipFigures, INTERVAL, METHODS, type Method, type Range } from "./range.ts";

export interface MethodMark {
  readonly method: Method;
  readonly figures: ClipFigures;
}

/** What a range group was seen to hold, its clip range, and what that is estimated to do. */
export const RANGE_REPORT = fields({
  group: text,
  members: list(text),
  seen: fields({ finite: count, zeros: count, nonFinite: count, min: number, max: number, samples: count }),
  histogram: about(
    "Counts in equal bins over `window`, zeros included in theirs.",
    fields({ window: INTERVAL, counts: list(number) }),
  ),
  chosen: fields({
    source: about("A method, set by hand, or fixed by the operator.", oneOf([...METHODS, "hand", "fixed"])),
    figures: CLIP_FIGURES,
  }),
});
export type RangeReport = Of<typeof RANGE_REPORT>;

/** Everything the clip chart shows of one range group, from statistics alone: all figures are estimates. */
export interface TensorAnalysis extends RangeReport {
  readonly marks: readonly MethodMark[];
  /** Expected MSE as the range shrinks towards zero: `share` of the min-max range kept, 0..1. */
  readonly curve: readonly { readonly share: number; readonly range: Range; readonly mse: number }[];
}

/** What was seen of a tensor, whether it has a clip range or not. */
export type SeenValues = Pick<RangeReport, "seen" | "histogram">;

/** One row of the list of layers, estimated from statistics; null where the layer's output stays in float. */
export interface GroupFigures {
  readonly group: string;
  readonly source: Method | "hand" | "fixed";
  /** What it is rounded to where it is made. */
  readonly type: ActivationType;
  readonly figures: ClipFigures;
  readonly nonFinite: number;
  /** 24 bin heights, 0..1, of the histogram over min..max. */
  readonly spark: readonly number[];
}

export interface WeightAnalysis {
  readonly name: string;
  readonly dims: readonly number[];
  /** The axis along which scales run; null where there is one for all, and in blocks. */
  readonly axis: number | null;
  /** How many weights share a scale, in blocks; null where they are not in blocks. */
  readonly block: number | null;
  readonly channels: readonly {
    readonly min: number;
    readonly max: number;
    readonly scale: number;
    readonly sqnr: number;
  }[];
  /** Of the whole tensor under the recipe's granularity, dB. */
  readonly sqnr: number;
  /** Where that was asked for, of a weight whose scales were refined without data. */
  readonly refined?: RefinedSums;
}

/** Sums of squares over a weight: its own, and of its errors with refined scales and with those of the largest weights. */
export interface RefinedSums {
  readonly energy: number;
  readonly refined: number;
  readonly nearest: number;
}
