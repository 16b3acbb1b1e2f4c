import { choice, exactly, fields, type Of, oneOf, text } from "../schema/define.ts";
import { ACTIVATION_SCHEME, METHOD_WORDS, METHODS } from "./range.ts";

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

/** An edit of the recipe that is suggested. */
export const REMEDY = choice(
  "kind",
  ["method", "activations", "granularity", "equalization", "smoothing", "bias", "rounding", "float", "float-tensor"],
  [
    fields({ kind: exactly("method"), group: text, method: oneOf(METHODS) }),
    fields({ kind: exactly("activations"), activations: ACTIVATION_SCHEME }),
    fields({ kind: exactly("granularity"), granularity: oneOf(["tensor", "channel"]) }),
    fields({ kind: exactly("equalization") }),
    fields({ kind: exactly("smoothing") }),
    fields({ kind: exactly("bias"), bias: oneOf(["none", "empirical", "analytic"]) }),
    fields({ kind: exactly("rounding") }),
    fields({ kind: exactly("float"), layer: text }),
    fields({ kind: exactly("float-tensor"), tensor: text }),
  ],
);
export type Remedy = Of<typeof REMEDY>;

/** What a remedy does, in a few words. */
export function remedyWords(remedy: Remedy): string {
  switch (remedy.kind) {
    case "method":
      return `the range of ${remedy.group} by ${METHOD_WORDS[remedy.method]}`;
    case "activations":
      return `activations ${remedy.activations.type}, ${remedy.activations.symmetric ? "symmetric" : "asymmetric"}`;
    case "granularity":
      return `weights with a scale per ${remedy.granularity}`;
    case "equalization":
      return "equalization";
    case "smoothing":
      return "smoothing";
    case "bias":
      return remedy.bias === "none" ? "no bias correction" : `${remedy.bias} bias correction`;
    case "rounding":
      return "learned rounding";
    case "float":
      return `${remedy.layer} left in float`;
    case "float-tensor":
      return `${remedy.tensor} left in float`;
  }
}

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
