import { takesRanges } from "../model/format.ts";
import { widened } from "../model/range.ts";
import type { Recipe } from "../model/recipe.ts";

/** The layers that a recipe gives 16 bits where all others have 8, by name. */
export function askedWide({
  format,
  activations,
  wide = [],
}: Pick<Recipe, "format" | "wide"> & Partial<Pick<Recipe, "activations">>): ReadonlySet<string> {
  const isTaken = takesRanges({ format }) && activations && widened(activations) !== null;
  return new Set(isTaken ? wide : []);
}
