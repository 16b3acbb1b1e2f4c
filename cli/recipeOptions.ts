import { defaultRecipe, type OpenModel, openModel } from "../src/engine/job/open.ts";
import { assertRecipeFor } from "../src/engine/job/quantize.ts";
import { METHODS } from "../src/engine/model/range.ts";
import type { Corrections, Recipe, WeightScheme } from "../src/engine/model/recipe.ts";
import type { Runtime } from "../src/engine/model/runtime.ts";
import type { Arguments, OptionSpecs } from "./arguments.ts";
import { readText } from "./files.ts";
import { inputsOf, modelSource } from "./options.ts";
import type { Terminal } from "./terminal.ts";

/** Options that make or change a recipe. */
export const RECIPE_OPTIONS = {
  method: { type: "string" },
  weights: { type: "string" },
  "per-tensor": { type: "boolean" },
  rounding: { type: "string" },
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
export type RecipeChanges = Partial<Pick<Recipe, "method" | "activations">> & {
  readonly corrections?: Partial<Corrections>;
  readonly weights?: Partial<WeightScheme>;
  readonly float?: Pick<Recipe["float"], "activations">;
};

export function recipeChanges(args: Arguments): RecipeChanges {
  const method = args.choice("method", METHODS);
  const activations = args.choice("activations", ["u8", "s8", "float"]);
  const type = args.choice("weights", ["s8", "s4"]);
  const rounding = args.choice("rounding", ["nearest", "learned"]);
  const bias = args.choice("bias-correction", ["none", "empirical", "analytic"]);
  const corrections = { ...(args.flag("equalize") && { equalization: true }), ...(bias && { bias }) };
  const weights: Partial<WeightScheme> = {
    ...(type && { type: type === "s4" ? "int4" : "int8" }),
    ...(args.flag("per-tensor") && { granularity: "tensor" }),
    ...(rounding && { rounding }),
  };
  return {
    ...(Object.keys(corrections).length > 0 && { corrections }),
    ...(method && { method }),
    ...(Object.keys(weights).length > 0 && { weights }),
    ...(activations && { float: { activations: activations === "float" } }),
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
  { corrections, weights, float, ...changes }: RecipeChanges,
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
  const recipe = {
    ...base,
    ...changes,
    weights: { ...base.weights, ...weights },
    float: { ...base.float, ...float },
    corrections: { ...base.corrections, ...corrections },
    inputs: model.inputs,
  };
  return { model, recipe };
}
