import { channelScales, decodedStretches } from "../encode/decoded.ts";
import type { EncodedWeight } from "../encode/weight.ts";
import type { WeightAnalysis } from "../model/analysis.ts";
import { channelLayout } from "../numerics/channels.ts";
import { weightFiguresOf } from "../numerics/weightFigures.ts";
import { dimsOf, passingFloats } from "../onnx/tensor.ts";
import type { QuantizationPlan } from "../plan/plan.ts";
import { isWeightRefined, nearestWeight, type PlannedWeightChoices, plannedWeight } from "../plan/plannedWeight.ts";
import type { StoredWeight } from "../plan/stored.ts";
import { storedWeight } from "../plan/storedWeight.ts";
import { type OpenModel, type PlanChoices, planModel } from "./open.ts";

/** Ranges, scales and SQNR of a weight, channel by channel, measured on the codes that are exported. */
export function analyseWeight(
  model: OpenModel,
  name: string,
  recipe: PlanChoices & PlannedWeightChoices,
): WeightAnalysis {
  return analysePlannedWeight(planModel(model, recipe), name, recipe);
}

/** The same under a plan that is made already; with `beside` also, of scales that were refined without data, what others would cost. */
export function analysePlannedWeight(
  plan: QuantizationPlan,
  name: string,
  recipe: PlannedWeightChoices,
  { beside }: { readonly beside: boolean } = { beside: false },
): WeightAnalysis {
  const layer = plan.layers.find(({ weightUse }) => weightUse?.name === name);
  const proto = plan.index.initializer(name);
  if (!layer?.weightUse || !proto) throw new Error(`${name} is not the weight of a quantized layer.`);
  const { weightUse: use } = layer;
  const encoded = plannedWeight(layer, use, plan, recipe);
  const values = passingFloats(proto);
  const made = figuresOf(values, encoded, use.axis);
  const analysis = { name, dims: dimsOf(proto), ...shapeOf(encoded), channels: made.channels, sqnr: made.sqnr };
  if (!beside || !isWeightRefined(layer, use, plan, recipe)) return analysis;
  const layout = channelLayout(encoded.dims, use.axis);
  const others = nearestWeight(layer, use, plan, recipe, values);
  const nearest = weightFiguresOf(values, others, layout, channelScales(encoded, use.axis));
  return { ...analysis, refined: { energy: made.energy, refined: made.error, nearest: nearest.error } };
}

/** The same of a weight that is kept in codes for a layer in float; two axes with scales of their own are one. */
export function analyseStoredWeight(
  stored: StoredWeight,
  scaling: Pick<PlannedWeightChoices["weights"], "granularity" | "scales">,
): WeightAnalysis {
  const { name, tensor, axes } = stored;
  const encoded = storedWeight(stored, scaling);
  const { channels, sqnr } = figuresOf(passingFloats(tensor), encoded, axes[0] ?? null);
  return { name, dims: encoded.dims, ...shapeOf(encoded), channels, sqnr };
}

function shapeOf({ axis, blocks }: EncodedWeight): Pick<WeightAnalysis, "axis" | "block"> {
  return { axis, block: blocks?.size ?? null };
}

function figuresOf(values: Float32Array, encoded: EncodedWeight, channelAxis: number | null) {
  const layout = channelLayout(encoded.dims, channelAxis);
  const scales = channelScales(encoded, channelAxis);
  return weightFiguresOf(values, decodedStretches(encoded), layout, scales);
}
