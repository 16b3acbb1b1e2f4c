import { InputError } from "../model/job.ts";
import type { Recipe } from "../model/recipe.ts";
import { isComputedInBfloats } from "../targets/computed.ts";
import { targetOf } from "../targets/index.ts";

/** Throws InputError where what a recipe writes runs on its target alone, so that `what` cannot be had here. */
export function assertRunsHere(recipe: Pick<Recipe, "target" | "format">, what: string): void {
  if (!isComputedInBfloats(recipe)) return;
  const { name } = targetOf(recipe);
  throw new InputError(
    `${what} cannot be measured here: a file computed in bfloat16 is for ${name}, and ONNX Runtime has no kernels for it; run it on ${name}, or choose a target that has constants alone in bfloat16.`,
  );
}
