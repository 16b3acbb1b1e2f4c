import { PAST_RECIPES } from "../model/past/recipe.ts";
import { RECIPE, type Recipe } from "../model/recipe.ts";
import { arranged } from "../schema/arrange.ts";
import { fields, into, type Schema } from "../schema/define.ts";
import { type Document, heading, headingSchema, readDocument } from "./document.ts";
import { writeJson } from "./json.ts";

/** docs/schemas/recipe.schema.json is made from this. */
export const RECIPE_FILE = fields({ ...headingSchema("recipe"), ...RECIPE.entries });

const DOCUMENT = {
  kind: "recipe",
  schema: into(RECIPE_FILE, ({ kind, ...recipe }) => recipe),
  past: PAST_RECIPES,
} as const satisfies Document<Schema>;

/**
 * The recipe. Equal recipes give equal bytes: members are in the order of the schema, records are sorted by key, lists
 * keep their order.
 */
export function writeRecipe(recipe: Recipe): string {
  return writeJson(arranged(RECIPE_FILE, { ...heading("recipe"), ...recipe }));
}

/** Reads a recipe. Throws InputError as readDocument does. */
export function readRecipe(text: string, fileName: string): Recipe {
  return readDocument(DOCUMENT, text, fileName);
}
