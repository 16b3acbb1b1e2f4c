import type { WeightAnalysis } from "../../engine/model/analysis.ts";
import type { Recipe } from "../../engine/model/recipe.ts";
import { weightPart } from "./recipeParts.ts";
import { studio } from "./store.ts";
import { engine } from "./workers.ts";

/** Ranges, scales and SQNR of a weight of the open model under a recipe, channel by channel. */
export function analyseWeight(name: string, recipe: Recipe): Promise<WeightAnalysis> {
  const layers = studio.getState().project.model?.plan.layers ?? [];
  const readers = layers.filter(({ weight }) => weight === name).map(({ id }) => id);
  return engine.ask((api) => api.weights(name, weightPart(readers, recipe)));
}
