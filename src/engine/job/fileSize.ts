import { takesRanges } from "../model/format.ts";
import { InputError } from "../model/job.ts";
import type { Recipe } from "../model/recipe.ts";
import { rawLength } from "../onnx/tensorBytes.ts";
import { scaledName } from "./fileNames.ts";
import { type OpenModel, planModel } from "./open.ts";

/** An ONNX file is one protobuf message, and no reader takes a longer one. */
export const LARGEST_FILE = 2 ** 31 - 1;

/** Throws InputError when the float model with scaled channels, of so many bytes or more, would be longer than anything loads. */
export function assertScaledFits(
  model: OpenModel,
  by: Parameters<typeof scaledName>[1],
  bytes: number,
  limit = LARGEST_FILE,
): void {
  if (bytes <= limit) return;
  throw new InputError(
    `${scaledName(model, by)} would take ${bytes} bytes, and nothing loads an ONNX file of more than ${limit}; switch ${by === "equalized" ? "equalization" : "smoothing"} off, or take a smaller model.`,
  );
}

/**
 * Throws InputError when a recipe is sure to end in an equalized or smoothed model that is longer than anything loads, so that no sample is run
 * for it. The quantized one then has its weights in a file of their own.
 */
export function assertAllMayFit(model: OpenModel, recipe: Recipe, limit = LARGEST_FILE): void {
  const { equalization, smoothing } = recipe.corrections;
  if (!equalization && !(smoothing && takesRanges(recipe))) return;
  const used = new Set(planModel(model, recipe).layers.flatMap(({ inputs }) => inputs));
  const weights = (model.folded.graph?.initializer ?? []).filter(({ name }) => used.has(name));
  assertScaledFits(
    model,
    equalization ? "equalized" : "smoothed",
    weights.reduce((sum, tensor) => sum + rawLength(tensor), 0),
    limit,
  );
}
