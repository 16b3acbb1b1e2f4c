import { type ActivationScheme, widened } from "../model/range.ts";
import type { Recipe } from "../model/recipe.ts";

/** Whether single layers may have activations in 16 bits where those of all have 8. */
export function takesWide(
  target: { readonly activations: readonly ActivationScheme[] },
  { format, activations }: Pick<Recipe, "format" | "activations">,
): boolean {
  const wide = format === "qdq" ? widened(activations) : null;
  return target.activations.some(({ type, symmetric }) => type === wide?.type && symmetric === wide.symmetric);
}
