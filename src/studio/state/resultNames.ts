import { isTuned, type RecipeFormat, takesCodes, takesRanges } from "../../engine/model/format.ts";
import { type Recipe, roundingText } from "../../engine/model/recipe.ts";
import { plural } from "../../engine/values/figures.ts";

/** What is the default goes without saying. */
const BIASES = { empirical: [], analytic: "analytic bias correction", none: "no bias correction" } as const;

const ALGORITHMS = { hqq: [], nearest: "nearest scales", gptq: "GPTQ", awq: "AWQ" } as const;

const ALONE: Readonly<Partial<Record<RecipeFormat, string>>> = { dynamic: "dynamic", q4f16: "q4f16" };

/** A name that says the settings: "per channel, mse, equalized, 2 layers in float". */
export function nameOf(recipe: Recipe): string {
  if (!takesCodes(recipe)) return floatNameOf(recipe);
  const { activations, weights, corrections, method, methods, ranges, float } = recipe;
  const counted = (count: number, noun: string, where = "") => (count > 0 ? `${plural(count, noun)}${where}` : []);
  return [
    recipe.target ?? [],
    weights.type === "int8" ? [] : weights.type,
    counted(Object.keys(weights.layers ?? {}).length, "layer", " in another type"),
    weights.block === undefined ? `per ${weights.granularity}` : `blocks of ${weights.block}`,
    weights.operator === "matmulnbits" && recipe.format !== "q4f16" ? "MatMulNBits" : [],
    weights.algorithm ? ALGORITHMS[weights.algorithm] : [],
    weights.scales ? "powers of two" : [],
    weights.rounding === "nearest" ? [] : `${roundingText(weights)} rounding`,
    recipe.format === "qoperator" ? "on codes" : [],
    takesRanges(recipe) ? method : (ALONE[recipe.format] ?? "weights only"),
    activations.type === "int8" && takesRanges(recipe) ? "int8 activations" : [],
    corrections.equalization ? "equalized" : [],
    corrections.smoothing ? "smoothed" : [],
    isTuned(recipe) ? BIASES[corrections.bias] : [],
    counted(Object.keys(methods).length, "own method"),
    counted(Object.keys(ranges).length, "range", " by hand"),
    counted(recipe.wide?.length ?? 0, "layer", " in 16 bits"),
    counted(float.layers.length, "layer", " in float"),
    counted(float.stored?.length ?? 0, "layer", " in float but for weights"),
    counted(float.operators.length, "operator", " in float"),
    counted(float.tensors.length, "tensor", " in float"),
  ]
    .flat()
    .join(", ");
}

function floatNameOf({ format, corrections, float }: Recipe): string {
  const left = float.layers.length + float.operators.length + float.tensors.length;
  return [format, corrections.equalization ? "equalized" : [], left > 0 ? `${left} left in float32` : []]
    .flat()
    .join(", ");
}

/** The name, with a number where another has it already. */
export function uniqueName(name: string, others: readonly string[]): string {
  const taken = new Set(others);
  let number = 2;
  if (!taken.has(name)) return name;
  while (taken.has(`${name} (${number})`)) number++;
  return `${name} (${number})`;
}
