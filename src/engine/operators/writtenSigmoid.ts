import type { GraphIndex } from "../onnx/graph.ts";
import { isDefaultDomain } from "../onnx/opset.ts";
import type { NodeProto } from "../onnx/proto/onnx_pb.ts";
import { tensorOf } from "../onnx/tensor.ts";

/**
 * x, and -x where that is a tensor too, of a node that ends a sigmoid written out: 1 / (1 + exp(-x)), as Div or Reciprocal, or
 * exp(x) / (1 + exp(x)); null for any other.
 */
export function writtenSigmoid(node: NodeProto, index: GraphIndex): readonly string[] | null {
  if (!isDefaultDomain(node.domain)) return null;
  const isReciprocal = node.opType === "Reciprocal";
  if (!isReciprocal && node.opType !== "Div") return null;
  const [above, below] = isReciprocal ? [null, node.input[0]] : node.input;
  const sum = index.producer(below ?? "");
  if (sum?.opType !== "Add") return null;
  const [first = "", second = ""] = sum.input;
  const power = isConstant(first, 1, index) ? second : isConstant(second, 1, index) ? first : "";
  const exp = index.producer(power);
  if (exp?.opType !== "Exp") return null;
  const exponent = exp.input[0] ?? "";
  if (above === power) return [exponent];
  const logits = above === null || isConstant(above ?? "", 1, index) ? negated(exponent, index) : null;
  return logits === null ? null : [logits, exponent];
}

function negated(tensor: string, index: GraphIndex): string | null {
  const node = index.producer(tensor);
  if (node?.opType === "Neg") return node.input[0] ?? null;
  if (node?.opType !== "Mul") return null;
  const [first = "", second = ""] = node.input;
  return isConstant(first, -1, index) ? second : isConstant(second, -1, index) ? first : null;
}

function isConstant(name: string, value: number, index: GraphIndex): boolean {
  const constant = index.initializer(name);
  if (!constant || constant.dims.some((dim) => dim === 0n)) return false;
  return Array.from(tensorOf(constant).data as ArrayLike<number | bigint>, Number).every((each) => each === value);
}
