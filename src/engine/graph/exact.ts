import { intOf, tensorAttributeOf } from "../onnx/attributes.ts";
import { isDefaultDomain } from "../onnx/opset.ts";
import type { NodeProto, TensorProto } from "../onnx/proto/onnx_pb.ts";
import { dataTypeOf, dimsOf, tensorOf } from "../onnx/tensor.ts";
import { elementCount } from "../values/dims.ts";
import { type DataType, elementBytes } from "../values/elementTypes.ts";

/**
 * Operators whose result is the same to the last bit on every runtime: they move data, compare, or do one operation
 * that IEEE 754 rounds correctly. Sums over many floats, and functions such as Exp or Pow, are not among them.
 */
const EXACT = new Set(
  `Abs Add And ArgMax ArgMin Cast Ceil Clip Compress Concat DepthToSpace Div Equal EyeLike Flatten Floor Gather
  GatherElements GatherND Greater GreaterOrEqual Identity IsInf IsNaN Less LessOrEqual Max Min Mod Mul Neg NonZero Not
  OneHot Or Pad ReduceMax ReduceMin Relu Reshape Round Scatter ScatterElements ScatterND Shape Sign Size Slice
  SpaceToDepth Split Sqrt Squeeze Sub Transpose Trilu Unsqueeze Where Xor`.split(/\s+/),
);

/** Exact on integers only. */
const EXACT_ON_INTEGERS = new Set(["CumSum", "ReduceProd", "ReduceSum"]);

const EXPANDING = new Set(["ConstantOfShape", "Expand", "Tile", "Range"]);

/** A folded tensor beyond this many bytes, and larger than what it is made from, stays a computation. */
export const GROWTH_LIMIT = 1 << 20;

/** Whether a node may be exact, whatever it reads. */
export function mayBeExact({ opType, domain }: NodeProto): boolean {
  return isDefaultDomain(domain) && [EXACT, EXACT_ON_INTEGERS, EXPANDING].some((operators) => operators.has(opType));
}

type Constant = (tensor: string) => TensorProto | undefined;

/** Whether a node may be computed in advance once its inputs are known; `constant` gives those known already. */
export function isExact(node: NodeProto, constant: Constant): boolean {
  if (!mayBeExact(node)) return false;
  if (node.opType === "Cast" && dataTypeOf(intOf(node, "to") ?? 0) === "other") return false;
  if (EXACT.has(node.opType)) return true;
  const inputs = node.input.filter(Boolean).map(constant);
  const known = inputs.filter((tensor) => tensor !== undefined);
  if (known.length < inputs.length) return false;
  if (EXACT_ON_INTEGERS.has(node.opType)) return known.every(({ dataType }) => /int/.test(dataTypeOf(dataType)));
  return EXPANDING.has(node.opType) && expandedBytes(node, known) <= GROWTH_LIMIT;
}

function expandedBytes(node: NodeProto, inputs: readonly TensorProto[]): number {
  const [first, second, third] = inputs;
  if (!first) return Number.POSITIVE_INFINITY;
  const numbers = (tensor: TensorProto | undefined) => (tensor ? Array.from(tensorOf(tensor).data, Number) : []);
  switch (node.opType) {
    case "ConstantOfShape": {
      const value = tensorAttributeOf(node, "value");
      return elementCount(numbers(first)) * bytesOf(value ? dataTypeOf(value.dataType) : "float32");
    }
    case "Expand":
      return elementCount(dimsOf(first)) * elementCount(numbers(second)) * bytesOf(dataTypeOf(first.dataType));
    case "Tile":
      return elementCount(dimsOf(first)) * elementCount(numbers(second)) * bytesOf(dataTypeOf(first.dataType));
    default: {
      const [start = 0, limit = 0, delta = 1] = [first, second, third].flatMap(numbers);
      return Math.max(0, Math.ceil((limit - start) / delta)) * bytesOf(dataTypeOf(first.dataType));
    }
  }
}

function bytesOf(type: DataType | "other"): number {
  return type === "other" ? Number.POSITIVE_INFINITY : elementBytes(type);
}
