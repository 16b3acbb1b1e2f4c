/** The formats that a recipe may ask for. */
export const RECIPE_FORMATS = [
  ...(["qdq", "qoperator", "dynamic", "weights"] as const),
  ...(["float16", "bfloat16", "float8", "q4f16"] as const),
] as const;
export type RecipeFormat = (typeof RECIPE_FORMATS)[number];

/** What each writes, in words. */
export const FORMAT_WORDS: Readonly<Record<RecipeFormat, string>> = {
  qdq: "QDQ (QuantizeLinear and DequantizeLinear nodes)",
  qoperator: "QOperator (operators on codes, such as QLinearConv)",
  dynamic: "dynamic (scales of activations are found as the model runs)",
  weights: "QDQ (DequantizeLinear nodes after weights)",
  float16: "float16 (weights and what layers make)",
  bfloat16: "bfloat16 (constants, a Cast to float32 after each; for TensorRT what layers make, too)",
  float8: "float8 (QuantizeLinear and DequantizeLinear nodes of FP8 E4M3)",
  q4f16: "q4f16 (weights in blocks of 4 bits that MatMulNBits reads, all else in float16)",
};

/** Whether activations get scales from calibration; else they stay in float. */
const TAKES_RANGES: Readonly<Record<RecipeFormat, boolean>> = {
  qdq: true,
  qoperator: true,
  dynamic: false,
  weights: false,
  float16: false,
  bfloat16: false,
  float8: true,
  q4f16: false,
};

export function takesRanges({ format }: { readonly format: RecipeFormat }): boolean {
  return TAKES_RANGES[format];
}

/** What becomes of activations that get no scales from calibration, in words. */
export function unscaledText({ format }: { readonly format: RecipeFormat }): string {
  if (format === "float16" || format === "q4f16") return "float16";
  return format === "dynamic" ? "uint8, scales found at run time" : "float";
}

/** Whether its weights are multiplied by activations in 8 bits. */
export function multiplies({ format }: { readonly format: RecipeFormat }): boolean {
  return TAKES_RANGES[format] || format === "dynamic";
}

/** Whether it rounds activations to integers, before or as the model runs: those that smoothing brings closer. */
export function hasIntegerActivations({ format }: { readonly format: RecipeFormat }): boolean {
  return multiplies({ format }) && format !== "float8";
}

/** The sentence with which a format without them refuses smoothing. */
export function unsmoothable(format: RecipeFormat): string {
  return `Smoothing is for activations in integers, which the format ${format} does not have; leave smoothing out, or choose qdq, qoperator or dynamic.`;
}

/** Whether a format holds nothing but weights that integer kernels multiply, of the layers that it quantizes. */
export function multipliesAll({ format }: { readonly format: RecipeFormat }): boolean {
  return format === "qoperator" || format === "dynamic";
}

/** A recipe on codes as one in pairs of Q and DQ, which comes to the same values and shows every one of them; others as they are. */
export function inPairs<R extends { readonly format: RecipeFormat }>(recipe: R): R {
  return recipe.format === "qoperator" ? { ...recipe, format: "qdq" } : recipe;
}

/** Whether what samples show of a tensor's extremes decides what stays in float. */
export function seeksExtremes({ format }: { readonly format: RecipeFormat }): boolean {
  return format === "float16" || format === "q4f16";
}

/** Whether inputs and outputs of the file can be float16. */
export function takesHalfEnds({ format }: { readonly format: RecipeFormat }): boolean {
  return format === "float16" || format === "q4f16";
}

/** Whether weights get codes, with scales; else they are floats of fewer bits, and no setting for codes touches them. */
export function takesCodes({ format }: { readonly format: RecipeFormat }): boolean {
  return format !== "float16" && format !== "bfloat16";
}

/** Whether what its layers lose in integers is measured and corrected, each by itself. */
export function isTuned(recipe: { readonly format: RecipeFormat }): boolean {
  return takesCodes(recipe) && recipe.format !== "q4f16";
}
