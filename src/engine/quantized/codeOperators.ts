import { isDefaultDomain, RUNTIME_DOMAIN } from "../onnx/opset.ts";
import type { NodeProto } from "../onnx/proto/onnx_pb.ts";

/** Positions of a tensor's codes, scale and zero point among the inputs of an operator; -1 where it has none. */
export type Triple = readonly [codes: number, scale: number, zeroPoint: number];

/** How an operator on codes is read. */
export interface CodeOperator {
  /** The float operator that it computes. */
  readonly operator: string;
  /** What it reads, a constant among them its weight. */
  readonly operands: readonly Triple[];
  /** Whether operands follow without end, and from which input on. */
  readonly operandsFrom?: number;
  /** Scale and zero point of what it makes; null where that is float. */
  readonly result: readonly [scale: number, zeroPoint: number] | null;
  /** The axis of a weight's scales where there are several: of output channels. */
  readonly axis?: "first" | "last" | "transB";
}

const X: Triple = [0, 1, 2];
const UNARY = { operands: [X], result: [3, 4] } as const;
const BINARY = { operands: [X, [3, 4, 5]], result: [6, 7] } as const;

/**
 * https://onnx.ai/onnx/operators/ for ONNX's own, https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md for those of
 * ONNX Runtime.
 */
const STANDARD: Readonly<Record<string, CodeOperator>> = {
  QLinearConv: { operator: "Conv", ...BINARY, axis: "first" },
  QLinearMatMul: { operator: "MatMul", ...BINARY, axis: "last" },
};

const CONTRIBUTED: Readonly<Record<string, CodeOperator>> = {
  QLinearConv: { operator: "Conv", ...BINARY, axis: "first" },
  QGemm: { operator: "Gemm", operands: [X, [3, 4, 5]], result: [7, 8], axis: "transB" },
  QLinearAdd: { operator: "Add", ...BINARY },
  QLinearMul: { operator: "Mul", ...BINARY },
  QLinearConcat: { operator: "Concat", operands: [], operandsFrom: 2, result: [0, 1] },
  QLinearWhere: {
    operator: "Where",
    operands: [
      [1, 2, 3],
      [4, 5, 6],
    ],
    result: [7, 8],
  },
  QLinearSigmoid: { operator: "Sigmoid", ...UNARY },
  QLinearLeakyRelu: { operator: "LeakyRelu", ...UNARY },
  QLinearSoftmax: { operator: "Softmax", ...UNARY },
  QLinearAveragePool: { operator: "AveragePool", ...UNARY },
  QLinearGlobalAveragePool: { operator: "GlobalAveragePool", ...UNARY },
  QLinearReduceMean: { operator: "ReduceMean", ...UNARY },
  MatMulIntegerToFloat: {
    operator: "MatMul",
    operands: [
      [0, 2, 4],
      [1, 3, 5],
    ],
    result: null,
    axis: "last",
  },
  DynamicQuantizeMatMul: { operator: "MatMul", operands: [[1, 2, 3]], result: null, axis: "last" },
};

/** How a node on codes is read; undefined where it is none, or not known. */
export function codeOperator({ domain, opType }: NodeProto): CodeOperator | undefined {
  const table = isDefaultDomain(domain) ? STANDARD : domain === RUNTIME_DOMAIN ? CONTRIBUTED : {};
  return Object.hasOwn(table, opType) ? table[opType] : undefined;
}

/** Sums of products in int32, whose scales are multiplied by the nodes that follow. */
export function sumsOperator({ domain, opType }: NodeProto): "Conv" | "MatMul" | null {
  if (!isDefaultDomain(domain)) return null;
  if (opType === "ConvInteger") return "Conv";
  return opType === "MatMulInteger" ? "MatMul" : null;
}

/** The positions of what operands a node has. */
export function operandsOf({ operands, operandsFrom }: CodeOperator, inputs: number): readonly Triple[] {
  if (operandsFrom === undefined) return operands;
  const more: Triple[] = [];
  for (let at = operandsFrom; at + 2 < inputs; at += 3) more.push([at, at + 1, at + 2]);
  return [...operands, ...more];
}
