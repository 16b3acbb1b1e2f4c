import { about, also, exactly, fields, finite, flag, maybe, number, type Of, oneOf } from "../schema/define.ts";
import { ACTIVATION_TYPES } from "../values/codes.ts";

/** An interval of real values, low <= high. */
export const RANGE = about(
  "low is not above high.",
  also(fields({ low: finite, high: finite }), ({ low, high }, fail) => {
    if (low > high) fail("a range whose low is not above its high");
  }),
);
export type Range = Of<typeof RANGE>;

/** Two ends that may be infinite, or NaN where nothing was seen. */
export const INTERVAL = fields({ low: number, high: number });

/** What the chosen statistics say the clip range should be. Each is described in docs/methods.md. */
export const METHODS = ["minmax", "average", "percentile", "entropy", "mse", "cosine"] as const;
export type Method = (typeof METHODS)[number];

/** How a sentence names a method: "set this range by ...". */
export const METHOD_WORDS: Readonly<Record<Method, string>> = {
  minmax: "min-max",
  average: "moving average",
  percentile: "percentile",
  entropy: "entropy",
  mse: "MSE",
  cosine: "cosine",
};

/** What scales may be, where they are not free. */
export const SCALES = about(
  "power-of-two: every scale is raised to a power of two, so that a shift does what a factor did.",
  maybe(exactly("power-of-two")),
);
export type Scales = Of<typeof SCALES>;

/** How an activation is mapped to integers. */
export const ACTIVATION_SCHEME = fields({ type: oneOf(ACTIVATION_TYPES), symmetric: flag, scales: SCALES });
export type ActivationScheme = Of<typeof ACTIVATION_SCHEME>;

/** The scheme of layers that have 16 bits where a recipe has 8 for all; null where it has more. */
export function widened(scheme: ActivationScheme): ActivationScheme | null {
  if (scheme.type === "uint8") return { ...scheme, type: "uint16" };
  return scheme.type === "int8" ? { ...scheme, type: "int16" } : null;
}

/** The scheme by which a group is rounded where it is made, or by which a layer computes, under that of a recipe. */
export function schemeOf(
  { wide }: { readonly wide?: GroupWidth | boolean | undefined },
  scheme: ActivationScheme,
): ActivationScheme {
  return (wide && widened(scheme)) || scheme;
}

/**
 * The scheme that the clip range of a group is found by: that of 8 bits where a layer reads it in these, since clipping is what
 * 8 bits gain by.
 */
export function clippedBy({ wide }: { readonly wide?: GroupWidth }, scheme: ActivationScheme): ActivationScheme {
  return wide === "read-in-8" ? scheme : schemeOf({ wide }, scheme);
}

/** Who reads a group that is made in 16 bits where others have 8: layers in 16 bits alone, or such in 8 too. */
export type GroupWidth = "read-in-16" | "read-in-8";

/** Affine parameters: x is about scale * (q - zeroPoint). `scale` is a float32 value held in a number. */
export interface Affine {
  readonly scale: number;
  readonly zeroPoint: number;
}

/** What a clip range does to a tensor, estimated from its statistics. */
export const CLIP_FIGURES = fields({
  range: INTERVAL,
  scale: number,
  zeroPoint: number,
  clipped: about("Share of the finite values outside the range, 0..1.", number),
  mse: about("Mean squared error of quantizing, in the tensor's unit squared.", number),
  sqnr: about(
    "10 log10(mean square / mse), dB; Infinity when nothing is lost, NaN when the tensor is all zero.",
    number,
  ),
  effectiveBits: about("Bits of a uniform full-range quantizer of equal SQNR: (sqnr - 1.76) / 6.02.", number),
});
export type ClipFigures = Of<typeof CLIP_FIGURES>;
