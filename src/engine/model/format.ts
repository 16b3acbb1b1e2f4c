/** The formats that a recipe may ask for. */
export const RECIPE_FORMATS = ["qdq", "qoperator", "weights"] as const;
export type RecipeFormat = (typeof RECIPE_FORMATS)[number];

/** What each writes, in words. */
export const FORMAT_WORDS: Readonly<Record<RecipeFormat, string>> = {
  qdq: "QDQ (QuantizeLinear and DequantizeLinear nodes)",
  qoperator: "QOperator (operators on codes, such as QLinearConv)",
  weights: "QDQ (DequantizeLinear nodes after weights)",
};

/** Whether activations get scales from calibration; else they stay in float. */
const TAKES_RANGES: Readonly<Record<RecipeFormat, boolean>> = { qdq: true, qoperator: true, weights: false };

export function takesRanges({ format }: { readonly format: RecipeFormat }): boolean {
  return TAKES_RANGES[format];
}

/** Whether a format holds nothing but weights that integer kernels multiply, of the layers that it quantizes. */
export function multipliesAll({ format }: { readonly format: RecipeFormat }): boolean {
  return format === "qoperator";
}

/** A recipe on codes as one in pairs of Q and DQ, which comes to the same values and shows every one of them; others as they are. */
export function inPairs<R extends { readonly format: RecipeFormat }>(recipe: R): R {
  return recipe.format === "qoperator" ? { ...recipe, format: "qdq" } : recipe;
}
