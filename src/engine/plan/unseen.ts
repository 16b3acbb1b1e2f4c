import type { Range } from "../model/range.ts";
import type { GraphIndex } from "../onnx/graph.ts";
import type { NodeProto } from "../onnx/proto/onnx_pb.ts";
import { operatorOf } from "../operators/index.ts";

/**
 * Whether a node is a Sigmoid whose probabilities reach an output of the model, through movers, Concat and Mul. What
 * samples happened to show says nothing of how far these, and the logits before them, can go: a detector calibrated on
 * samples without a positive would never find one.
 */
export function givesProbabilities(node: NodeProto, index: GraphIndex): boolean {
  return operatorOf(node, index)?.probabilities !== undefined && reachesOutput(node, index, new Set());
}

function reachesOutput(node: NodeProto, index: GraphIndex, seen: Set<NodeProto>): boolean {
  if (seen.has(node)) return false;
  seen.add(node);
  return node.output.some(
    (name) =>
      index.isOutput(name) ||
      index.uses(name).some((use) => passesOn(use.node, use.input, index) && reachesOutput(use.node, index, seen)),
  );
}

function passesOn(node: NodeProto, input: number, index: GraphIndex): boolean {
  const operator = operatorOf(node, index);
  return operator?.relays === true || (operator?.kind === "move" && input === 0);
}

/** For tensors that hold the logits of such probabilities, whatever samples show: the least range that they need. */
export function leastRanges(index: GraphIndex): ReadonlyMap<string, Range> {
  const least = new Map<string, Range>();
  const mark = (tensor: string, end: number): void => {
    if (least.has(tensor)) return;
    least.set(tensor, { low: -end, high: end });
    const producer = index.producer(tensor);
    const operator = producer && operatorOf(producer, index);
    if (!producer || !operator) return;
    if (operator.holds?.(producer) === "all") for (const name of producer.input) mark(name, end);
    else if (operator.kind === "move") mark(producer.input[0] ?? "", end);
  };
  for (const node of index.graph.node) {
    const end = operatorOf(node, index)?.probabilities?.end;
    if (end !== undefined && givesProbabilities(node, index)) mark(node.input[0] ?? "", end);
  }
  return least;
}
