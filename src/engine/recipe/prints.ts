import type { Recipe } from "../model/recipe.ts";

/** Characters of a print. */
const LENGTH = 8;

/** Each print once; null where none is known. */
export function joinPrints(...texts: readonly Recipe["prints"][]): Recipe["prints"] {
  if (texts.every((text) => text === null)) return null;
  return [...new Set(texts.flatMap(printsIn))].join("");
}

export function printsIn(text: Recipe["prints"]): readonly string[] {
  const count = (text?.length ?? 0) / LENGTH;
  return Array.from({ length: count }, (_, i) => text!.slice(i * LENGTH, (i + 1) * LENGTH));
}
