import { InputError } from "../model/job.ts";
import { isSampled, type Recipe } from "../model/recipe.ts";
import { missing } from "../recipe/derivations.ts";

/**
 * Throws InputError where a recipe asks for learned rounding, or codes found on samples, that it does not hold: what is then measured,
 * or written, has others.
 */
export function assertRoundingLearned(recipe: Recipe): void {
  const lacks = missing(recipe);
  if (lacks.includes("codes") && recipe.weights.rounding === "finetuned") {
    throw new InputError(
      "The recipe asks for fine-tuned weights, which have not been tuned yet; settle it on data, or round to nearest.",
    );
  }
  if (lacks.includes("codes") || lacks.includes("inputScales")) {
    throw new InputError(
      "The recipe asks for codes found on samples, which have not been found yet; settle it on data, or choose another algorithm.",
    );
  }
  if (!lacks.includes("rounding")) return;
  const why =
    recipe.rounding === null
      ? "has not been learned yet"
      : 'it holds without the biases that are learned with it; write "bias": "none" in the corrections of its file to take it so';
  throw new InputError(`The recipe asks for learned rounding, which ${why}; learn it on data, or round to nearest.`);
}

/** Throws InputError where a search would leave out what a recipe asks to be learned of weights. */
export function assertSearchable({ weights }: Pick<Recipe, "weights">): void {
  if (weights.rounding === "learned" || weights.rounding === "finetuned") {
    throw new InputError(
      "A search rounds weights to nearest; choose that, and learn rounding for the recipe that it finds.",
    );
  }
  if (isSampled(weights)) {
    throw new InputError(
      "A search takes scales of least error; choose the algorithm hqq, and find codes for the recipe that it finds.",
    );
  }
}
