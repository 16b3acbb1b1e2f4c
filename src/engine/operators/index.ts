import type { GraphIndex } from "../onnx/graph.ts";
import { isDefaultDomain } from "../onnx/opset.ts";
import type { NodeProto } from "../onnx/proto/onnx_pb.ts";
import { CLIP, HARD_SIGMOID, LEAKY_RELU, RELU, SIGMOID, SOFTMAX, TANH } from "./activations.ts";
import { ADD, CONCAT, MUL, POOL, REDUCE_MEAN, SUB, WHERE } from "./computing.ts";
import { CONV, CONV_TRANSPOSE } from "./conv.ts";
import {
  BATCH_NORMALIZATION,
  DROPOUT,
  HOLDS_GRAPH,
  IDENTITY,
  IN_INTEGERS,
  NORMALIZES,
  recurrent,
  SHAPE,
} from "./floating.ts";
import { GEMM, MAT_MUL } from "./matrix.ts";
import { FLATTEN, GATHER_ELEMENTS, MAX_POOL, PAD, REARRANGES, RESIZE, SELECTS } from "./movers.ts";
import type { Operator, Weighted } from "./operator.ts";

/** The operators of the default ONNX domain that anything is known of; all others stay in float. */
export const OPERATORS: ReadonlyMap<string, Operator> = new Map<string, Operator>([
  ["Conv", CONV],
  ["ConvTranspose", CONV_TRANSPOSE],
  ["Gemm", GEMM],
  ["MatMul", MAT_MUL],
  ["Add", ADD],
  ["Mul", MUL],
  ["Sub", SUB],
  ["Where", WHERE],
  ["Concat", CONCAT],
  ["AveragePool", POOL],
  ["GlobalAveragePool", POOL],
  ["ReduceMean", REDUCE_MEAN],
  ["LeakyRelu", LEAKY_RELU],
  ["Sigmoid", SIGMOID],
  ["HardSigmoid", HARD_SIGMOID],
  ["Tanh", TANH],
  ["Softmax", SOFTMAX],
  ["Relu", RELU],
  ["Clip", CLIP],
  ["Reshape", REARRANGES],
  ["Flatten", FLATTEN],
  ["Squeeze", REARRANGES],
  ["Unsqueeze", REARRANGES],
  ["Transpose", REARRANGES],
  ["DepthToSpace", REARRANGES],
  ["SpaceToDepth", REARRANGES],
  ["MaxPool", MAX_POOL],
  ["Slice", SELECTS],
  ["Split", SELECTS],
  ["Gather", SELECTS],
  ["GatherElements", GATHER_ELEMENTS],
  ["Expand", SELECTS],
  ["Tile", SELECTS],
  ["Resize", RESIZE],
  ["Pad", PAD],
  ["Identity", IDENTITY],
  ["Dropout", DROPOUT],
  ["Shape", SHAPE],
  ["LSTM", recurrent("LSTM")],
  ["GRU", recurrent("GRU")],
  ["RNN", recurrent("RNN")],
  ["LayerNormalization", NORMALIZES],
  ["InstanceNormalization", NORMALIZES],
  ["BatchNormalization", BATCH_NORMALIZATION],
  ["If", HOLDS_GRAPH],
  ["Loop", HOLDS_GRAPH],
  ["Scan", HOLDS_GRAPH],
  ["QuantizeLinear", IN_INTEGERS],
  ["DequantizeLinear", IN_INTEGERS],
  ["DynamicQuantizeLinear", IN_INTEGERS],
  ["QLinearConv", IN_INTEGERS],
  ["QLinearMatMul", IN_INTEGERS],
  ["ConvInteger", IN_INTEGERS],
  ["MatMulInteger", IN_INTEGERS],
]);

/** What is known of a node's operator; null where nothing is. */
export function operatorOf(node: NodeProto, index: GraphIndex): Operator | null {
  if (!isDefaultDomain(node.domain)) return null;
  const operator = OPERATORS.get(node.opType);
  return operator?.variant?.(node, index) ?? operator ?? null;
}

/** The same for a target: a float operator that it has an integer kernel of is what it is there. */
export function operatorFor(node: NodeProto, index: GraphIndex, integerKernels: ReadonlySet<string>): Operator | null {
  const operator = operatorOf(node, index);
  const other = operator?.elsewhere;
  return other && integerKernels.has(node.opType) ? other : operator;
}

/** The same of a layer with weights; null for all others. */
export function weightedOf(node: NodeProto, index: GraphIndex): (Operator & Weighted) | null {
  const operator = operatorOf(node, index);
  return operator?.kind === "weighted" ? operator : null;
}
