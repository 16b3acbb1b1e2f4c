import { InputError } from "../engine/model/job.ts";
import { PRESETS, type Preprocess, type Preset } from "../engine/model/preprocess.ts";
import type { Recipe } from "../engine/model/recipe.ts";
import { parsePreprocess, readRecipe, writeRecipe } from "../engine/project/documents.ts";
import { unlearned } from "../engine/recipe/change.ts";
import type { Choices } from "./project.ts";

const CHOICES = [
  "activations",
  "weights",
  "corrections",
  "method",
  "methods",
  "ranges",
  "float",
] as const satisfies (keyof Choices)[];

/** Settings as a recipe file may hold them: callers need not be TypeScript. Throws InputError. */
export function checkedChoices(recipe: Recipe, choices: Choices): Choices {
  const names = Object.keys(choices) as (keyof Choices)[];
  const unknown = names.find((name) => !CHOICES.includes(name));
  if (unknown) throw new InputError(`There is no choice "${unknown}"; there are ${CHOICES.join(", ")}.`);
  const document = { ...JSON.parse(writeRecipe(unlearned(recipe))), ...choices };
  const changed = readRecipe(JSON.stringify(document), "the recipe");
  return Object.fromEntries(names.map((name) => [name, changed[name]]));
}

/** A preset by its name, or all of its fields. Throws InputError. */
export function checkedPreprocess(given: Preprocess | Preset | undefined): Preprocess | Preset | null {
  if (given === undefined) return null;
  if (typeof given !== "string") return parsePreprocess(JSON.stringify(given), "preprocess");
  if (PRESETS.includes(given)) return given;
  throw new InputError(`preprocess is ${PRESETS.join(", ")} or an object of docs/data.md; not "${given}".`);
}

/** Throws InputError for what is no drop of top-1 in points. */
export function assertDrop(maxDrop: number): void {
  if (!(maxDrop >= 0)) throw new InputError(`maxDrop is a number of points of at least 0, not ${maxDrop}.`);
}

/** Throws InputError for what is no whole number of at least `least`. */
export function assertCount(name: string, value: number, least: number): number {
  if (Number.isSafeInteger(value) && value >= least) return value;
  throw new InputError(`${name} is a whole number of at least ${least}, not ${value}.`);
}
