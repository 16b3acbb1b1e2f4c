import type { Range } from "../model/range.ts";
import type { DerivedTensor, ObservationPlan } from "../model/runtime.ts";
import { GraphIndex } from "../onnx/graph.ts";
import { isDefaultDomain } from "../onnx/opset.ts";
import type { ModelProto, NodeProto } from "../onnx/proto/onnx_pb.ts";
import { tensorOf } from "../onnx/tensor.ts";
import { graphOf } from "./pass.ts";

/** Operators whose first output holds the values of their first input, each as often. */
const MOVERS = new Set("DepthToSpace Flatten Identity Reshape SpaceToDepth Squeeze Transpose Unsqueeze".split(" "));

const EVERYTHING: Range = { low: -Infinity, high: Infinity };

/**
 * How to watch tensors of a model of opset 11 or newer: which of them follow from others exactly, in value and in
 * number. `watch` names float32 tensors in graph order. A Relu or Clip passes NaN on, as ONNX Runtime's do.
 */
export function observationPlan(model: ModelProto, watch: readonly string[]): ObservationPlan {
  const index = new GraphIndex(graphOf(model));
  const known = new Set<string>();
  const derived: DerivedTensor[] = [];
  for (const tensor of watch) {
    const found = derivation(tensor, index);
    if (found?.from.every((name) => known.has(name))) derived.push({ tensor, ...found });
    known.add(tensor);
  }
  return { watch, derived };
}

function derivation(tensor: string, index: GraphIndex): Omit<DerivedTensor, "tensor"> | null {
  const node = index.producer(tensor);
  if (!node || !isDefaultDomain(node.domain) || node.output[0] !== tensor) return null;
  const from = node.input.slice(0, node.opType === "Concat" ? undefined : 1);
  if (MOVERS.has(node.opType) || node.opType === "Concat") return { from, clamp: null };
  if (node.opType === "Dropout") return node.input[2] ? null : { from, clamp: null };
  if (node.opType === "Relu") return { from, clamp: { low: 0, high: Infinity } };
  const clamp = node.opType === "Clip" ? clipRange(node, index) : null;
  return clamp && { from, clamp };
}

/** The constant bounds of a Clip; null where they are not constant, or no interval. */
function clipRange(node: NodeProto, index: GraphIndex): Range | null {
  const bounds = [EVERYTHING.low, EVERYTHING.high];
  for (const [i, name] of node.input.slice(1, 3).entries()) {
    if (!name) continue;
    const constant = index.initializer(name);
    if (!constant) return null;
    bounds[i] = Number(tensorOf(constant).data[0]) + 0;
  }
  const [low = Number.NaN, high = Number.NaN] = bounds;
  return low <= high && low < Infinity && high > -Infinity ? { low, high } : null;
}
