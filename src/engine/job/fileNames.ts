import { isTuned, multipliesAll } from "../model/format.ts";
import { type Recipe, weightTypesOf } from "../model/recipe.ts";
import type { OpenModel } from "./open.ts";

type Named = Pick<OpenModel, "name">;

/** The quantized model's file: named after the type of its weights, "mixed" for several, or after its format where that has one type alone. */
export function quantizedName({ name }: Named, { format, weights }: Pick<Recipe, "format" | "weights">): string {
  const [type, ...others] = weightTypesOf(weights);
  return `${name}.${multipliesAll({ format }) || !isTuned({ format }) ? format : others.length > 0 ? "mixed" : type}.onnx`;
}

/** The file of the float model whose channels were scaled. */
export function scaledName({ name }: Named, by: "equalized" | "smoothed"): string {
  return `${name}.${by}.onnx`;
}

/** The name of a model's file that never ran here without a crash. */
export function unprovenName(name: string): string {
  return name.replace(/\.onnx$/, ".unproven.onnx");
}
