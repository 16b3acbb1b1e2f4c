import type { Recipe } from "../model/recipe.ts";
import type { DataType } from "../model/tensor.ts";
import type { GraphIndex } from "../onnx/graph.ts";
import { isDefaultDomain } from "../onnx/opset.ts";
import type { NodeProto } from "../onnx/proto/onnx_pb.ts";
import { clampOf, type Follower, followerOf } from "./followers.ts";
import { FLOAT_REASONS, type OperatorRule } from "./operators.ts";
import type { PlanChoices } from "./plan.ts";
import { ruleOf } from "./rules.ts";
import { givesProbabilities } from "./unseen.ts";
import { type WeightUse, weightUse } from "./weightUse.ts";

/** A node as it is on its own, before its neighbours are asked. */
export interface Candidate {
  readonly node: NodeProto;
  readonly rule: OperatorRule | null;
  readonly weightUse: WeightUse | null;
  /** Set on an operator that works on its producer's result before that is quantized. */
  readonly follower: Follower | null;
  /** The activations that its 8-bit kernel reads; none for a follower. */
  readonly operands: readonly string[];
  /** Why it stays in float whatever its neighbours do; null when it need not. */
  readonly reason: string | null;
}

export interface Activations {
  /** Whether a tensor holds float32 values that depend on the input. */
  readonly has: (tensor: string) => boolean;
  /** Whether the recipe leaves a tensor in float. */
  readonly isExcluded: (tensor: string) => boolean;
  readonly typeOf: (tensor: string) => DataType | "other" | undefined;
}

/** Every node of the graph, in its order. */
export function candidatesOf(
  index: GraphIndex,
  activations: Activations,
  choices: PlanChoices,
): ReadonlyMap<NodeProto, Candidate> {
  const { float, weights } = choices;
  const isMultiplied = weights.type === "int8" && !float.activations;
  const candidates = new Map<NodeProto, Candidate>();
  const leads = (producer: NodeProto): boolean => {
    const found = candidates.get(producer);
    if (!found || found.reason !== null) return false;
    const { rule, follower } = found;
    return rule?.kind === "weighted" || follower !== null || (rule?.kind === "compute" && !rule.fixed);
  };
  for (const node of index.graph.node) {
    const rule = ruleOf(node, index);
    const use = rule?.kind === "weighted" ? weightUse(node, index) : null;
    const blocked =
      blockedReason(node, index, activations, float) ??
      (typeof use === "string" ? use : null) ??
      (isMultiplied ? biasReason(node, use) : null);
    const follower = blocked === null ? followerOf(node, index, leads) : null;
    const weight = typeof use === "string" ? null : use;
    const operands = follower || !rule ? [] : operandsOf(node, rule, weight).filter(activations.has);
    const reason = blocked ?? (follower || !rule ? null : operandReason(rule, operands, activations));
    candidates.set(node, { node, rule, weightUse: weight, follower, operands, reason });
  }
  return candidates;
}

function blockedReason(
  node: NodeProto,
  index: GraphIndex,
  activations: Activations,
  float: Recipe["float"],
): string | null {
  if (!isDefaultDomain(node.domain)) return `${node.domain}.${node.opType} is not a standard operator`;
  const rule = ruleOf(node, index);
  if (!rule) return FLOAT_REASONS.get(node.opType) ?? `${node.opType} gains nothing from 8 bits`;
  const type = activations.typeOf(node.output[0] ?? "");
  if (type !== "float32") return `its values are ${type ?? "unknown"}, not float32`;
  if (rule.kind === "activation" && !clampOf(node, index)) return "its bounds are computed at run time";
  if (givesProbabilities(node, index)) {
    return "its probabilities reach an output of the model, and samples need not show all that they can be";
  }
  if (float.layers.includes(index.id(node))) return "the recipe leaves this layer in float";
  if (float.operators.includes(node.opType)) return `the recipe leaves every ${node.opType} in float`;
  return null;
}

/** ONNX Runtime computes a Conv or Gemm in float whose bias is not in int32, and then dequantizes its weights at every run. */
function biasReason(node: NodeProto, use: WeightUse | string | null): string | null {
  if (!node.input[2] || !["Conv", "Gemm"].includes(node.opType)) return null;
  if (use && typeof use !== "string" && use.bias) return null;
  return "its bias is not one finite constant an output channel, and without that it has no integer kernel";
}

function operandsOf(node: NodeProto, rule: OperatorRule, use: WeightUse | null): string[] {
  switch (rule.kind) {
    case "weighted":
      return [...new Set(node.input.slice(0, 2).filter((_, position) => position !== use?.input))];
    case "compute":
      return rule.operands === "all" ? [...new Set(node.input)] : node.input.slice(0, 1);
    default:
      return node.input.slice(0, 1);
  }
}

function operandReason(rule: OperatorRule, operands: readonly string[], activations: Activations): string | null {
  if (operands.length === 0) return "the values it works on are constants";
  const excluded = rule.kind === "weighted" ? operands.find(activations.isExcluded) : undefined;
  return excluded === undefined ? null : `the recipe leaves its input ${excluded} in float`;
}
