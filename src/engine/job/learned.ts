import { InputError } from "../model/job.ts";
import type { Recipe } from "../model/recipe.ts";
import { missing } from "../recipe/derivations.ts";

/**
 * Throws InputError where a recipe asks for learned rounding, or codes found on samples, that it does not hold: what is then measured,
 * or written, has others.
 */
export function assertRoundingLearned(recipe: Recipe): void {
  const lacks = missing(recipe);
  if (lacks.includes("codes")) {
    throw new InputError(
      "The recipe asks for codes by GPTQ, which have not been found yet; settle it on data, or choose another algorithm.",
    );
  }
  if (!lacks.includes("rounding")) return;
  throw new InputError(
    "The recipe asks for learned rounding, which has not been learned yet; learn it on data, or round to nearest.",
  );
}

/** Throws InputError where a search would leave out what a recipe asks to be learned of weights. */
export function assertSearchable({ weights: { rounding, algorithm } }: Pick<Recipe, "weights">): void {
  if (rounding === "learned") {
    throw new InputError(
      "A search rounds weights to nearest; choose that, and learn rounding for the recipe that it finds.",
    );
  }
  if (algorithm === "gptq") {
    throw new InputError(
      "A search takes scales of least error; choose the algorithm hqq, and find codes for the recipe that it finds.",
    );
  }
}
