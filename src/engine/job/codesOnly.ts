import { isTuned, takesCodes } from "../model/format.ts";
import { InputError } from "../model/job.ts";
import type { Recipe } from "../model/recipe.ts";

/** Throws InputError where something is asked of codes under a recipe that has none. */
export function assertTakesCodes(recipe: Pick<Recipe, "format">, what: string): void {
  const isFloat8 = recipe.format === "float8";
  if (isTuned(recipe) && !isFloat8) return;
  if (takesCodes(recipe)) {
    throw new InputError(
      `${what} is about layers whose activations are float32 or integers, and those of a recipe of ${recipe.format} are ${isFloat8 ? "float8" : "float16"}; choose the format qdq or weights for it.`,
    );
  }
  throw new InputError(
    `${what} is about weights and activations in integers, and a recipe of ${recipe.format} has none; choose the format qdq or weights for it.`,
  );
}
