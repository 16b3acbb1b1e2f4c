import type { EncodeRequest, LayerSource } from "../encode/numbers.ts";
import { dataTypeOf, tensorOf } from "../onnx/tensor.ts";
import { onWide } from "../targets/target.ts";
import { addedBias, floatBias } from "./floatLayer.ts";
import type { LayerPlan, QuantizationPlan } from "./plan.ts";
import { weightSource } from "./weightSource.ts";

/** What a plan has to be encoded, without the graph. */
export function encodeRequest(plan: QuantizationPlan): EncodeRequest {
  return {
    multiplier: plan.target,
    wideMultiplier: onWide(plan.target),
    groups: plan.groups,
    layers: plan.layers.map((layer) => layerSource(layer, plan)),
    constants: constantOperands(plan, (layer) => !layer.wide),
    wideConstants: constantOperands(plan, (layer) => layer.wide === true),
    halves: plan.half?.weights ?? plan.bfloat?.weights ?? [],
  };
}

function layerSource(layer: LayerPlan, plan: QuantizationPlan): LayerSource {
  const { id, node, weightUse: use, follower } = layer;
  const { index, groupOf } = plan;
  const group = groupOf.get(node.output[0] ?? "");
  return {
    id,
    isWide: layer.wide === true,
    weight: use && weightSource(layer, use, index),
    inputGroup: (use && groupOf.get(node.input[1 - use.input] ?? "")) ?? null,
    clamp: follower?.kind === "clamp" && group !== undefined ? { low: follower.low, high: follower.high, group } : null,
    floatBias: use ? addedBias(layer, plan) : floatBias(node, plan, (tensor) => groupOf.has(tensor)),
  };
}

/** Whether an 8-bit layer takes a constant as an operand. */
export function takesConstants({ descriptor, follower, reason }: LayerPlan): boolean {
  return reason === null && descriptor?.kind === "compute" && descriptor.operands === "all" && follower === null;
}

function constantOperands(
  { index, layers, groupOf }: QuantizationPlan,
  isOne: (layer: LayerPlan) => boolean,
): EncodeRequest["constants"] {
  const constants = new Map<string, () => Float32Array>();
  for (const layer of layers) {
    for (const name of takesConstants(layer) && isOne(layer) ? layer.node.input : []) {
      const constant = index.initializer(name);
      if (!constant || groupOf.has(name) || dataTypeOf(constant.dataType) !== "float32") continue;
      constants.set(name, () => tensorOf(constant).data as Float32Array);
    }
  }
  return constants;
}
