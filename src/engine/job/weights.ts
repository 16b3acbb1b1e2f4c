import { channelScales, decodedStretches } from "../encode/decoded.ts";
import type { EncodedWeight } from "../encode/weight.ts";
import type { WeightAnalysis } from "../model/analysis.ts";
import { channelLayout } from "../numerics/channels.ts";
import { weightFiguresOf } from "../numerics/weightFigures.ts";
import type { TensorProto } from "../onnx/proto/onnx_pb.ts";
import { dimsOf, passingFloats } from "../onnx/tensor.ts";
import type { QuantizationPlan } from "../plan/plan.ts";
import { type PlannedWeightChoices, plannedWeight } from "../plan/plannedWeight.ts";
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

/** The same under a plan that is made already. */
export function analysePlannedWeight(
  plan: QuantizationPlan,
  name: string,
  recipe: PlannedWeightChoices,
): WeightAnalysis {
  const layer = plan.layers.find(({ weightUse }) => weightUse?.name === name);
  const proto = plan.index.initializer(name);
  if (!layer?.weightUse || !proto) throw new Error(`${name} is not the weight of a quantized layer.`);
  const { weightUse: use } = layer;
  const encoded = plannedWeight(layer, use, plan, recipe);
  const dims = dimsOf(proto);
  return { name, dims, axis: encoded.axis, ...figuresOf(proto, encoded, use.axis) };
}

/** The same of a weight that is kept in codes for a layer in float; two axes with scales of their own are one. */
export function analyseStoredWeight(
  stored: StoredWeight,
  scaling: Pick<PlannedWeightChoices["weights"], "granularity" | "scales">,
): WeightAnalysis {
  const { name, tensor, axes } = stored;
  const encoded = storedWeight(stored, scaling);
  const { dims, axis } = encoded;
  return { name, dims, axis, ...figuresOf(tensor, encoded, axes[0] ?? null) };
}

function figuresOf(tensor: TensorProto, encoded: EncodedWeight, channelAxis: number | null) {
  const layout = channelLayout(encoded.dims, channelAxis);
  const scales = channelScales(encoded, channelAxis);
  return weightFiguresOf(passingFloats(tensor), decodedStretches(encoded), layout, scales);
}
