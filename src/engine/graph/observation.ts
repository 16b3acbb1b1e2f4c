import type { Range } from "../model/range.ts";
import type { DerivedTensor, ObservationPlan } from "../model/runtime.ts";
import { GraphIndex } from "../onnx/graph.ts";
import type { ModelProto } from "../onnx/proto/onnx_pb.ts";
import { operatorOf } from "../operators/index.ts";
import { graphOf } from "./pass.ts";

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
  return { watch, derived, seldom: [] };
}

function derivation(tensor: string, index: GraphIndex): Omit<DerivedTensor, "tensor"> | null {
  const node = index.producer(tensor);
  const operator = node && operatorOf(node, index);
  if (!node || !operator || node.output[0] !== tensor) return null;
  const held = operator.holds?.(node);
  if (held) return { from: node.input.slice(0, held === "first" ? 1 : undefined), clamp: null };
  const clamp = interval(operator.clamp?.(node, index) ?? null);
  return clamp && { from: node.input.slice(0, 1), clamp };
}

/** Bounds without negative zeros; null where no value lies between them. */
function interval(bounds: Range | null): Range | null {
  if (!bounds) return null;
  const [low, high] = [bounds.low + 0, bounds.high + 0];
  return low <= high && low < Infinity && high > -Infinity ? { low, high } : null;
}
