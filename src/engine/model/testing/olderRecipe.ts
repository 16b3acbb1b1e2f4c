import type { Recipe } from "../recipe.ts";

/** A recipe as it was while weights alone were a flag of what stays in float, its members in their order. */
export function withFlag(recipe: Recipe): Record<string, unknown> {
  const { format, float } = recipe;
  return { ...recipe, format: "qdq", float: { ...float, activations: format === "weights" } };
}
