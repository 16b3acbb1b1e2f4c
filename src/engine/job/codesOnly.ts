import { takesCodes } from "../model/format.ts";
import { InputError } from "../model/job.ts";
import type { Recipe } from "../model/recipe.ts";

/** Throws InputError where something is asked of codes under a recipe that has none. */
export function assertTakesCodes(recipe: Pick<Recipe, "format">, what: string): void {
  if (takesCodes(recipe)) return;
  throw new InputError(
    `${what} is about weights and activations in integers, and a recipe of ${recipe.format} has none; choose the format qdq or weights for it.`,
  );
}
