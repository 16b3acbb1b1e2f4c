import type { Calibration } from "../model/calibration.ts";
import type { JobContext } from "../model/job.ts";
import type { Recipe } from "../model/recipe.ts";
import type { Runtime } from "../model/runtime.ts";
import { calibrate } from "./calibrate.ts";
import { deriveBiases, learnBiases } from "./correct.ts";
import type { OpenDataset } from "./data.ts";
import { learnEqualization } from "./equalize.ts";
import { equalizedModel, type OpenModel } from "./open.ts";
import { isCalibratedFor, resolveRecipe } from "./quantize.ts";

export interface SettleRequest {
  /** Nothing but the first so many samples is read. */
  readonly samples: number;
  /** What was calibrated before; used where it fits the recipe. */
  readonly calibration: Calibration | null;
  readonly checkpoint?: (calibration: Calibration) => void;
}

export interface Settled {
  /** Nothing in it is left open: `quantizeModel` takes it. */
  readonly recipe: Recipe;
  readonly calibration: Calibration;
}

/**
 * Does what a recipe still lacks, in this order: learns equalization, calibrates where the calibration given does not
 * fit, settles the ranges, learns the biases. What the recipe holds already is kept.
 * Throws InputError as these do.
 */
export async function settle(
  model: OpenModel,
  recipe: Recipe,
  dataset: OpenDataset,
  { samples, calibration: given, checkpoint = () => undefined }: SettleRequest,
  runtime: Runtime,
  context: JobContext,
): Promise<Settled> {
  let settled = recipe;
  if (recipe.corrections.equalization && !recipe.factors) {
    const factors = await learnEqualization(model, dataset, samples, runtime, context);
    settled = { ...settled, factors, resolved: null, biases: null };
  }
  let calibration = given;
  if (!calibration || !isCalibratedFor(settled, calibration) || settled.factors !== recipe.factors) {
    const request = { samples, preprocess: dataset.preprocess, resume: null, checkpoint };
    calibration = await calibrate(equalizedModel(model, settled), dataset, request, runtime, context);
  }
  if (!settled.resolved) settled = resolveRecipe(model, settled, calibration);
  if (settled.corrections.bias === "empirical" && !settled.biases) {
    const biases = await learnBiases(model, settled, dataset, samples, runtime, context);
    settled = { ...settled, biases };
  }
  return { recipe: deriveBiases(model, settled), calibration };
}
