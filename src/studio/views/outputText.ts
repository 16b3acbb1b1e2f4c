import { seeksExtremes } from "../../engine/model/format.ts";
import type { Recipe } from "../../engine/model/recipe.ts";
import type { Layer, ModelSummary } from "../../engine/model/summary.ts";

type Plan = Pick<ModelSummary, "elsewhere"> | undefined;
type Format = Pick<Recipe, "format">;

/** What a layer in fewer bits gives that has no scale of its own. */
export function outputText(precision: Layer["precision"], format: Format, plan: Plan): string {
  if (plan?.elsewhere !== undefined) return `its output is bfloat16, computed so by ${plan.elsewhere}, not run here`;
  if (precision === "float16") return "its output is float16";
  if (seeksExtremes(format)) return "its output is float16, or float32 where float16 would overflow";
  return "its output stays in float";
}

/** Why a recipe without ranges needs no calibration, and what it is good for all the same. */
export function uncalibratedText(recipe: Format, plan: Plan): string {
  if (seeksExtremes(recipe)) {
    return "Not needed, but worth it: what samples show above the largest float16 stays in float32.";
  }
  return `Not needed: ${whyNone(recipe, plan)}, so no range has to be chosen. It still shows which values the tensors take.`;
}

function whyNone({ format }: Format, plan: Plan): string {
  if (plan?.elsewhere !== undefined) {
    return `layers compute in bfloat16, which ${plan.elsewhere} does, and it has the exponents of float32`;
  }
  if (format === "bfloat16") return "constants alone are kept in bfloat16";
  return format === "dynamic" ? "scales of activations are found as the model runs" : "only weights are quantized";
}
