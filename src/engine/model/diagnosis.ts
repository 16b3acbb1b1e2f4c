import type { ActivationScheme, Method } from "./range.ts";
import type { Corrections, Recipe } from "./recipe.ts";

export const CAUSES = [
  "outliers",
  "channel-spread",
  "batch-spread",
  "outlier-channels",
  "small-part",
  "clipping",
  "one-sided",
  "dead",
  "few-levels",
  "bias-overflow",
  "sensitive",
] as const;
export type Cause = (typeof CAUSES)[number];

/** An edit of the recipe that a finding suggests. */
export type Remedy =
  | { readonly kind: "method"; readonly group: string; readonly method: Method }
  | { readonly kind: "activations"; readonly activations: ActivationScheme }
  | { readonly kind: "granularity"; readonly granularity: Recipe["weights"]["granularity"] }
  | { readonly kind: "equalization" }
  | { readonly kind: "bias"; readonly bias: Corrections["bias"] }
  | { readonly kind: "float"; readonly layer: string }
  | { readonly kind: "float-tensor"; readonly tensor: string };

/** What is wrong with a layer, the figure that says so, and what to do about it. */
export interface Finding {
  readonly layer: string;
  readonly cause: Cause;
  /** One sentence in plain words. */
  readonly sentence: string;
  /** What the sentence rests on: "SQNR 9.4 dB", "99.9 % of values below 3.1 of 48.2". */
  readonly figure: string;
  /** How bad: what the layer is estimated to lose to this cause, dB; larger is worse. Findings are sorted by it. */
  readonly loss: number;
  /** Null where there is nothing to be done. */
  readonly remedy: { readonly edit: Remedy; readonly sentence: string } | null;
}
