import { defaultRecipe, type OpenModel, openModel } from "../src/engine/job/open.ts";
import { assertRecipeFor } from "../src/engine/job/quantize.ts";
import { METHODS } from "../src/engine/model/range.ts";
import type { Corrections, Recipe } from "../src/engine/model/recipe.ts";
import type { Runtime } from "../src/engine/model/runtime.ts";
import type { Arguments, OptionSpecs } from "./arguments.ts";
import { readText } from "./files.ts";
import { inputsOf, modelSource } from "./options.ts";
import type { Terminal } from "./terminal.ts";

/** Options that make or change a recipe. */
export const RECIPE_OPTIONS = {
  method: { type: "string" },
  "per-tensor": { type: "boolean" },
  activations: { type: "string" },
  equalize: { type: "boolean" },
  "bias-correction": { type: "string" },
  recipe: { type: "string" },
} satisfies OptionSpecs;

/** The document that an option names; null when it is not given. Throws InputError when it cannot be read. */
export async function documentOf<T>(
  args: Arguments,
  option: string,
  read: (text: string, fileName: string) => T,
): Promise<T | null> {
  const path = args.text(option);
  return path === null ? null : read(await readText(path), path);
}

/** What options change in a recipe. */
export type RecipeChanges = Partial<Omit<Recipe, "corrections">> & { readonly corrections?: Partial<Corrections> };

export function recipeChanges(args: Arguments): RecipeChanges {
  const method = args.choice("method", METHODS);
  const activations = args.choice("activations", ["u8", "s8"]);
  const bias = args.choice("bias-correction", ["none", "empirical", "analytic"]);
  const corrections = { ...(args.flag("equalize") && { equalization: true }), ...(bias && { bias }) };
  return {
    ...(Object.keys(corrections).length > 0 && { corrections }),
    ...(method && { method }),
    ...(args.flag("per-tensor") && { weights: { type: "int8", granularity: "tensor" } }),
    ...(activations === "s8" && { activations: { type: "int8", symmetric: true } }),
    ...(activations === "u8" && { activations: { type: "uint8", symmetric: false } }),
  };
}

/**
 * Opens the model that the first name is, with the inputs of the saved recipe where no option gives others, and the
 * recipe that it and the changes come to. Throws InputError when the saved recipe is another model's.
 */
export async function openForRecipe(
  args: Arguments,
  saved: Recipe | null,
  { corrections, ...changes }: RecipeChanges,
  runtime: Runtime,
  terminal: Terminal,
): Promise<{ readonly model: OpenModel; readonly recipe: Recipe }> {
  const { shapes, values } = inputsOf(args);
  const inputs = {
    shapes: { ...saved?.inputs.shapes, ...shapes },
    values: { ...saved?.inputs.values, ...values },
  };
  const model = await openModel(await modelSource(args.positionals[0] ?? ""), inputs, runtime, terminal.context);
  if (saved) assertRecipeFor(model, saved);
  const base = saved ?? defaultRecipe(model);
  const recipe = { ...base, ...changes, corrections: { ...base.corrections, ...corrections }, inputs: model.inputs };
  return { model, recipe };
}
