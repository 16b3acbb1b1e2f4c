import { isTuned, multipliesAll } from "../model/format.ts";
import type { Recipe } from "../model/recipe.ts";
import type { OpenModel } from "./open.ts";

type Named = Pick<OpenModel, "name">;

/** The quantized model's file: named after the type of its weights, or after its format where that has one type alone. */
export function quantizedName({ name }: Named, { format, weights }: Pick<Recipe, "format" | "weights">): string {
  return `${name}.${multipliesAll({ format }) || !isTuned({ format }) ? format : weights.type}.onnx`;
}

/** The file of the float model after equalization. */
export function equalizedName({ name }: Named): string {
  return `${name}.equalized.onnx`;
}

/** The name of a model's file that never ran here without a crash. */
export function unprovenName(name: string): string {
  return name.replace(/\.onnx$/, ".unproven.onnx");
}
