import type { Range } from "../model/range.ts";
import type { GraphIndex } from "../onnx/graph.ts";
import type { NodeProto } from "../onnx/proto/onnx_pb.ts";
import { SIGMOID_END } from "../operators/activations.ts";
import { operatorOf } from "../operators/index.ts";
import { writtenSigmoid } from "../operators/writtenSigmoid.ts";

/** What a node gives between two ends, and the tensors of logits that it makes it of, beyond whose `end` it is at one of them in 8 bits. */
interface Probabilities {
  readonly logits: readonly string[];
  readonly end: number;
  readonly ends: Range;
}

const UNIT: Range = { low: 0, high: 1 };

function probabilitiesOf(node: NodeProto, index: GraphIndex): Probabilities | null {
  const operator = operatorOf(node, index);
  const end = operator?.probabilities?.(node);
  if (end !== undefined) return { logits: node.input.slice(0, 1), end, ends: operator?.ends ?? UNIT };
  const logits = writtenSigmoid(node, index);
  return logits === null ? null : { logits, end: SIGMOID_END, ends: UNIT };
}

/** The ends of the probabilities that a node gives to an output of the model; null where it gives none. */
export function endsOf(node: NodeProto, index: GraphIndex): Range | null {
  return givesProbabilities(node, index) ? (probabilitiesOf(node, index)?.ends ?? null) : null;
}

/**
 * Whether a node is a Sigmoid, also one written as 1 / (1 + exp(-x)), a HardSigmoid or a Tanh whose values reach an output of the model, through anything but layers with
 * weights, normalizations and sums of activations: what these make are features. What samples happened to show says nothing
 * of how far the probabilities, and the logits before them, can go: a detector calibrated on samples without a positive
 * would never find one.
 */
export function givesProbabilities(node: NodeProto, index: GraphIndex): boolean {
  return probabilitiesOf(node, index) !== null && [...toldBy(node, index)].some((name) => index.isOutput(name));
}

/** The tensors that tell the probabilities of an output of the model. */
export function probabilityTensors(index: GraphIndex): ReadonlySet<string> {
  const giving = index.graph.node.filter((node) => givesProbabilities(node, index));
  return new Set(giving.flatMap((node) => [...toldBy(node, index)]));
}

function toldBy(node: NodeProto, index: GraphIndex): Set<string> {
  const told = new Set(node.output.filter(Boolean));
  for (const name of told) {
    for (const use of index.uses(name)) {
      if (passesOn(use.node, use.input, index)) for (const output of use.node.output) if (output) told.add(output);
    }
  }
  return told;
}

function passesOn(node: NodeProto, input: number, index: GraphIndex): boolean {
  const operator = operatorOf(node, index);
  if (!operator) return true;
  return operator.kind === "move" ? input === 0 : operator.relays?.(node, index) === true;
}

/** For tensors that hold the logits of such probabilities, whatever samples show: the least range that they need. */
export function leastRanges(index: GraphIndex): ReadonlyMap<string, Range> {
  const least = new Map<string, Range>();
  const mark = (logits: string, end: number): void => {
    const held = [logits];
    for (const tensor of held) {
      if (least.has(tensor)) continue;
      least.set(tensor, { low: -end, high: end });
      const producer = index.producer(tensor);
      const operator = producer && operatorOf(producer, index);
      if (!producer || !operator) continue;
      if (operator.holds?.(producer) === "all") held.push(...producer.input);
      else if (operator.kind === "move") held.push(producer.input[0] ?? "");
    }
  };
  for (const node of index.graph.node) {
    const found = probabilitiesOf(node, index);
    if (found && givesProbabilities(node, index)) for (const logits of found.logits) mark(logits, found.end);
  }
  return least;
}
