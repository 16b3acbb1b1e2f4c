import type { Recipe } from "../../engine/model/recipe.ts";
import { alarmUntil } from "./log.ts";
import { type AwaitedPart, awaitedOf } from "./steps.ts";

const SAID: Readonly<Record<AwaitedPart, string>> = {
  rounding: "The recipe asks for learned rounding, which is not learned yet: learn it in the Rounding tab of Tune.",
  finetuning: "The recipe asks for fine-tuned weights, which are not tuned yet: tune them in the Rounding tab of Tune.",
  codes: "The recipe asks for codes found on samples, which are not found yet: find them in the Codes tab of Tune.",
};

/** Whether the recipe can be quantized; says what is missing where it asks for what was not learned or found. */
export function nothingIsAwaited(recipe: Recipe): boolean {
  const awaited = awaitedOf(recipe);
  if (awaited) alarmUntil("nothing awaited", SAID[awaited]);
  return awaited === null;
}
