import type { WeightAnalysis } from "../model/analysis.ts";
import type { Recipe } from "../model/recipe.ts";
import { channelLayout } from "../numerics/channels.ts";
import { weightFigures } from "../numerics/weightFigures.ts";
import { dimsOf, passingFloats } from "../onnx/tensor.ts";
import type { QuantizationPlan } from "../plan/plan.ts";
import { plannedWeight } from "../plan/plannedWeight.ts";
import { type OpenModel, planModel } from "./open.ts";

/** Ranges, scales and SQNR of a weight, channel by channel, measured on the codes that are exported. */
export function analyseWeight(model: OpenModel, name: string, recipe: Recipe): WeightAnalysis {
  return analysePlannedWeight(planModel(model, recipe), name, recipe);
}

/** The same under a plan that is made already. */
export function analysePlannedWeight(plan: QuantizationPlan, name: string, recipe: Recipe): WeightAnalysis {
  const layer = plan.layers.find(({ weightUse }) => weightUse?.name === name);
  const proto = plan.index.initializer(name);
  if (!layer?.weightUse || !proto) throw new Error(`${name} is not the weight of a quantized layer.`);
  const { weightUse: use } = layer;
  const { axis, scales, codes } = plannedWeight(layer, use, plan, recipe);
  const dims = dimsOf(proto);
  return { name, dims, axis, ...weightFigures(passingFloats(proto), codes, channelLayout(dims, use.axis), scales) };
}
