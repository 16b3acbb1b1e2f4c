import type { Range } from "../model/range.ts";
import { floatOf } from "../onnx/attributes.ts";
import type { GraphIndex } from "../onnx/graph.ts";
import type { NodeProto } from "../onnx/proto/onnx_pb.ts";
import { tensorOf } from "../onnx/tensor.ts";
import type { Operator, Passage } from "./operator.ts";

const pointwise = (shifts: boolean) => (): Passage => ({ kind: "pointwise", shifts });

export const RELU: Operator = {
  kind: "activation",
  clamp: () => ({ low: 0, high: Infinity }),
  passage: pointwise(true),
  relays: () => true,
};

export const CLIP: Operator = {
  kind: "activation",
  clamp: clipBounds,
  passage: pointwise(true),
  relays: () => true,
};

export const LEAKY_RELU: Operator = { kind: "compute", operands: "first", passage: pointwise(false) };

/** tanh(x) = 2 sigmoid(2x) - 1. */
export const TANH: Operator = {
  kind: "float",
  reason: { code: "no-gain", operator: "Tanh" },
  probabilities: () => SIGMOID_END / 2,
  ends: { low: -1, high: 1 },
  elsewhere: { kind: "compute", operands: "first", fixed: { low: -1, high: 1 } },
};

/** Beyond ln 509 a sigmoid is within half a step of 1/255 of its ends. */
export const SIGMOID_END = Math.log(509);

export const SIGMOID: Operator = { kind: "compute", operands: "first", probabilities: () => SIGMOID_END };

/** max(0, min(1, alpha x + beta)): a float kernel at run time. */
export const HARD_SIGMOID: Operator = {
  kind: "float",
  reason: { code: "no-gain", operator: "HardSigmoid" },
  probabilities(node) {
    const [alpha, beta] = [floatOf(node, "alpha") ?? 0.2, floatOf(node, "beta") ?? 0.5];
    return Math.max(Math.abs(beta), Math.abs(1 - beta)) / Math.abs(alpha);
  },
};

export const SOFTMAX: Operator = { kind: "compute", operands: "first", fixed: { low: 0, high: 1 } };

/** Attributes before opset 11, inputs since. */
function clipBounds(node: NodeProto, index: GraphIndex): Range | null {
  const bound = (position: number, attribute: string, open: number): number | null => {
    const name = node.input[position];
    if (!name) return floatOf(node, attribute) ?? open;
    const constant = index.initializer(name);
    return constant ? Number(tensorOf(constant).data[0]) : null;
  };
  const low = bound(1, "min", -Infinity);
  const high = bound(2, "max", Infinity);
  return low === null || high === null ? null : { low, high };
}
