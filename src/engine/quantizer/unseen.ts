import type { Range } from "../model/range.ts";
import type { GraphIndex } from "../onnx/graph.ts";
import { isDefaultDomain } from "../onnx/opset.ts";
import type { NodeProto } from "../onnx/proto/onnx_pb.ts";
import { ruleOf } from "./rules.ts";

/** Beyond ln(509) a sigmoid is within half a step of 1/255 of its ends, so that a wider input says nothing more in 8 bits. */
const END = Math.log(509);

/** What passes probabilities on to an output of the model: movers, and these. */
const JOINS = new Set(["Concat", "Mul"]);

/**
 * Whether a node is a Sigmoid whose probabilities reach an output of the model, through movers, Concat and Mul. What
 * samples happened to show says nothing of how far these, and the logits before them, can go: a detector calibrated on
 * samples without a positive would never find one.
 */
export function givesProbabilities(node: NodeProto, index: GraphIndex): boolean {
  return node.opType === "Sigmoid" && isDefaultDomain(node.domain) && reachesOutput(node, index, new Set());
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
  if (JOINS.has(node.opType) && isDefaultDomain(node.domain)) return true;
  return ruleOf(node, index)?.kind === "move" && input === 0;
}

/** For tensors that hold the logits of such probabilities, whatever samples show: the least range that they need. */
export function leastRanges(index: GraphIndex): ReadonlyMap<string, Range> {
  const least = new Map<string, Range>();
  const mark = (tensor: string): void => {
    if (least.has(tensor)) return;
    least.set(tensor, { low: -END, high: END });
    const producer = index.producer(tensor);
    if (!producer) return;
    if (producer.opType === "Concat" && isDefaultDomain(producer.domain)) producer.input.forEach(mark);
    else if (ruleOf(producer, index)?.kind === "move") mark(producer.input[0] ?? "");
  };
  for (const node of index.graph.node) if (givesProbabilities(node, index)) mark(node.input[0] ?? "");
  return least;
}
