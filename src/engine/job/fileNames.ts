import { isTuned, multipliesAll } from "../model/format.ts";
import { type Recipe, weightTypesOf } from "../model/recipe.ts";
import type { OpenModel } from "./open.ts";

type Named = Pick<OpenModel, "name">;

/**
 * The quantized model's file: named after the type of its weights, "mixed" where the recipe has several, those of layers in float too, or
 * after its format where that has one type alone. Where no layer has the type, since no blocks fit any, it is int8, which they have then.
 */
export function quantizedName(
  { name }: Named,
  { format, weights, float }: Pick<Recipe, "format" | "weights" | "float">,
  hasBlocks = true,
): string {
  if (multipliesAll({ format }) || !isTuned({ format })) return `${name}.${format}.onnx`;
  const { stored = [], storedAs = {} } = float;
  const kept = [...Object.values(storedAs), ...(stored.length > 0 ? ["int8"] : [])];
  const [type, ...others] = new Set([...weightTypesOf(weights), ...kept]);
  return `${name}.${others.length > 0 ? "mixed" : hasBlocks ? type : "int8"}.onnx`;
}

/** The file of the float model whose channels were scaled. */
export function scaledName({ name }: Named, by: "equalized" | "smoothed"): string {
  return `${name}.${by}.onnx`;
}

/** The name of a model's file that never ran here without a crash. */
export function unprovenName(name: string): string {
  return name.replace(/\.onnx$/, ".unproven.onnx");
}
