import { InputError } from "../model/job.ts";
import { type Recipe, weightTypesOf } from "../model/recipe.ts";
import { weightBits } from "../values/codes.ts";
import { equalizedName, quantizedName } from "./fileNames.ts";
import { type OpenModel, planModel } from "./open.ts";

/** An ONNX file is one protobuf message, and no reader takes a longer one. */
export const LARGEST_FILE = 2 ** 31 - 1;

/** Throws InputError when the quantized model, of so many bytes or more, would be longer than anything loads. */
export function assertQuantizedFits(model: OpenModel, recipe: Recipe, bytes: number, limit = LARGEST_FILE): void {
  assertFits(quantizedName(model, recipe), bytes, limit, "leave fewer layers in float");
}

/** Throws InputError when the equalized float model, of so many bytes or more, would be longer than anything loads. */
export function assertEqualizedFits(model: OpenModel, bytes: number, limit = LARGEST_FILE): void {
  assertFits(equalizedName(model), bytes, limit, "switch equalization off");
}

/**
 * Throws InputError when a recipe is sure to end in a file that is longer than anything loads, so that no sample is run for
 * it: weights cannot take less room than this counts.
 */
export function assertAllMayFit(model: OpenModel, recipe: Recipe, limit = LARGEST_FILE): void {
  const { layers } = planModel(model, recipe);
  const [used, quantized] = [new Set<string>(), new Set<string>()];
  for (const { inputs, reason } of layers) for (const name of inputs) (reason ? used : quantized).add(name);
  const share = Math.min(...weightTypesOf(recipe.weights).map(weightBits)) / 32;
  let [float, least] = [0, 0];
  for (const { name, rawData } of model.folded.graph?.initializer ?? []) {
    if (!used.has(name) && !quantized.has(name)) continue;
    float += rawData.byteLength;
    least += Math.floor(rawData.byteLength * (quantized.has(name) ? share : 1));
  }
  if (recipe.corrections.equalization) assertEqualizedFits(model, float, limit);
  assertQuantizedFits(model, recipe, least, limit);
}

function assertFits(name: string, bytes: number, limit: number, wayOut: string): void {
  if (bytes <= limit) return;
  throw new InputError(
    `${name} would take ${bytes} bytes, and nothing loads an ONNX file of more than ${limit}; ${wayOut}, or take a smaller model.`,
  );
}
