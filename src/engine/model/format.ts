/** The formats that a recipe may ask for. */
export const RECIPE_FORMATS = ["qdq", "weights"] as const;
export type RecipeFormat = (typeof RECIPE_FORMATS)[number];

/** Whether activations get scales from calibration; else they stay in float. */
const TAKES_RANGES: Readonly<Record<RecipeFormat, boolean>> = { qdq: true, weights: false };

export function takesRanges({ format }: { readonly format: RecipeFormat }): boolean {
  return TAKES_RANGES[format];
}
