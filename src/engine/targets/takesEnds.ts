import { takesHalfEnds } from "../model/format.ts";
import type { Recipe } from "../model/recipe.ts";

/** Whether a target takes the inputs and outputs that a recipe asks for, in the format that it asks for. */
export function takesEnds(
  target: { readonly halfEnds: boolean },
  { ends, format }: Pick<Recipe, "ends" | "format">,
): boolean {
  return ends !== "float16" || (target.halfEnds && takesHalfEnds({ format }));
}
