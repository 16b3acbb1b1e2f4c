import { takesRanges } from "../model/format.ts";
import { widened } from "../model/range.ts";
import type { Recipe } from "../model/recipe.ts";
import { activationBits } from "../values/codes.ts";

/** The layers that a recipe gives 16 bits where all others have 8, by name. */
export function askedWide({
  format,
  activations,
  wide = [],
}: Pick<Recipe, "format" | "wide"> & Partial<Pick<Recipe, "activations">>): ReadonlySet<string> {
  const isTaken = takesRanges({ format }) && activations && widened(activations) !== null;
  return new Set(isTaken ? wide : []);
}

/** Whether all activations have 16 bits. */
export function isAllWide({ activations }: Partial<Pick<Recipe, "activations">>): boolean {
  return activations !== undefined && activationBits(activations.type) === 16;
}
