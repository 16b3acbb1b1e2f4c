import { own } from "../model/record.ts";
import { intOf } from "../onnx/attributes.ts";
import type { GraphIndex } from "../onnx/graph.ts";
import { isDefaultDomain, RUNTIME_DOMAIN } from "../onnx/opset.ts";
import type { ModelProto, NodeProto, TensorProto } from "../onnx/proto/onnx_pb.ts";
import { dataTypeOf, dimsOf, tensorOf } from "../onnx/tensor.ts";
import { ConstantRewriting } from "./constantRewriting.ts";

/** Constants of a node that make channel c of its result, so that dividing their element c divides the channel. */
interface Maker {
  readonly node: NodeProto;
  /** Positions among its inputs. */
  readonly constants: readonly number[];
}

/**
 * Features that constants scale channel by channel, most often a normalization's, and that nothing but MatMul and Gemm with
 * constant float32 matrices read: dividing the constants and multiplying the rows of the matrices leaves the function.
 */
export interface NormPair {
  /** What is between: divided along its last axis. */
  readonly tensor: string;
  readonly channels: number;
  readonly makers: readonly Maker[];
  /** Each once. */
  readonly readers: readonly NodeProto[];
}

/** Constants that scale (and shift) the channels of a normalization's first result, by operator: positions among its inputs. */
const NORMALIZATIONS: ReadonlyMap<string, readonly number[]> = new Map([
  ["LayerNormalization", [1, 2]],
  ["RMSNormalization", [1]],
  ["SimplifiedLayerNormalization", [1]],
]);
const SKIP_NORMALIZATIONS: ReadonlyMap<string, readonly number[]> = new Map([
  ["SkipLayerNormalization", [2, 3]],
  ["SkipSimplifiedLayerNormalization", [2]],
]);

const SHAPE_READERS: ReadonlySet<string> = new Set(["Shape", "Size"]);

/** The pairs of a graph, in the order in which its layers read them. */
export function normPairs(index: GraphIndex): NormPair[] {
  return readByMatrices(index).flatMap((read): NormPair[] => {
    const makers = makersOf(read.tensor, read.channels, index);
    return makers ? [{ ...read, makers }] : [];
  });
}

/** The tensors that nothing but MatMul and Gemm with constant float32 matrices of as many rows read, in the order in which they do. */
export function readByMatrices(index: GraphIndex): Pick<NormPair, "tensor" | "channels" | "readers">[] {
  const read = new Set(
    index.graph.node.filter((node) => rowsOf(node, index) !== null).map(({ input }) => input[0] ?? ""),
  );
  return [...read].flatMap((tensor) => {
    const uses = valueUses(tensor, index);
    const readers = [...new Set(uses.map(({ node }) => node))];
    const channels = rowsOf(readers[0]!, index);
    if (channels === null || index.isOutput(tensor) || uses.some(({ input }) => input !== 0)) return [];
    return readers.some((node) => rowsOf(node, index) !== channels) ? [] : [{ tensor, channels, readers }];
  });
}

/** The uses of a tensor's values: what asks for its shape alone does not see them. */
export function valueUses(tensor: string, index: GraphIndex): ReturnType<GraphIndex["uses"]> {
  return index.uses(tensor).filter(({ node }) => !(SHAPE_READERS.has(node.opType) && isDefaultDomain(node.domain)));
}

/** Rows of a matrix of constant weights that multiplies the last axis of a node's first input; null for all others. */
export function rowsOf(node: NodeProto, index: GraphIndex): number | null {
  const isMatrix = node.opType === "MatMul" || (node.opType === "Gemm" && !intOf(node, "transA"));
  const weight = index.initializer(node.input[1] ?? "");
  if (!isMatrix || !isDefaultDomain(node.domain) || weight?.dims.length !== 2) return null;
  if (dataTypeOf(weight.dataType) !== "float32" || index.initializer(node.input[0] ?? "")) return null;
  return Number(weight.dims[hasTurnedWeight(node) ? 1 : 0]);
}

/** Whether a reader's weight has a row for each output, not for each channel that it reads. */
export function hasTurnedWeight(node: NodeProto): boolean {
  return node.opType === "Gemm" && Boolean(intOf(node, "transB"));
}

function makersOf(tensor: string, channels: number, index: GraphIndex): readonly Maker[] | null {
  const node = index.producer(tensor);
  if (!node) return null;
  const isVector = (name: string | undefined) => {
    const constant = name ? index.initializer(name) : undefined;
    if (!constant || dataTypeOf(constant.dataType) !== "float32") return false;
    const dims = dimsOf(constant);
    return dims.at(-1) === channels && dims.slice(0, -1).every((dim) => dim === 1);
  };
  const isOwn = node.domain === RUNTIME_DOMAIN;
  if (!isOwn && !isDefaultDomain(node.domain)) return null;
  const scales = isOwn ? SKIP_NORMALIZATIONS.get(node.opType) : NORMALIZATIONS.get(node.opType);
  if (scales) {
    const constants = scales.filter((at) => node.input[at]);
    const isLast = (intOf(node, "axis") ?? -1) === -1 && node.output[0] === tensor;
    return isLast && constants[0] === scales[0] && constants.every((at) => isVector(node.input[at]))
      ? [{ node, constants }]
      : null;
  }
  if (isOwn) return null;
  const sole = (name: string) => !index.isOutput(name) && valueUses(name, index).length === 1;
  if ((node.opType === "Mul" || node.opType === "Div") && isScalar(node.input[1], index)) {
    const [before = ""] = node.input;
    return sole(before) ? makersOf(before, channels, index) : null;
  }
  const constant = node.input.findIndex(isVector);
  if (constant === -1) return null;
  if (node.opType === "Mul") return [{ node, constants: [constant] }];
  const before = node.input[1 - constant] ?? "";
  if (node.opType !== "Add" || !sole(before)) return null;
  const makers = makersOf(before, channels, index);
  return makers && [...makers, { node, constants: [constant] }];
}

function isScalar(name: string | undefined, index: GraphIndex): boolean {
  const constant = name ? index.initializer(name) : undefined;
  return constant?.dims.every((dim) => dim === 1n) === true;
}

/** Visits the weights of a pair's reader: the channel that each multiplies, its value, where it stands, and its output. */
export function forEachPairWeight(
  node: NodeProto,
  index: GraphIndex,
  visit: (channel: number, value: number, at: number, output: number) => void,
): void {
  const proto = index.initializer(node.input[1] ?? "") as TensorProto;
  const [, columns = 1] = dimsOf(proto);
  const turned = hasTurnedWeight(node);
  for (const [at, value] of (tensorOf(proto).data as Float32Array).entries()) {
    const [row, column] = [Math.floor(at / columns), at % columns];
    if (turned) visit(column, value, at, row);
    else visit(row, value, at, column);
  }
}

/**
 * The model with channel c of each pair's tensor divided by element c of its divisors, where its constants make it, and the
 * rows of the weights that read it multiplied: the same function to float32's precision. Divisors are positive and finite;
 * those of no pair, or of another number of channels, are passed over. New constants are named `NAME.SUFFIX`.
 */
export function dividePairs(
  model: ModelProto,
  divisors: Readonly<Record<string, readonly number[]>>,
  suffix: string,
): ModelProto {
  const rewriting = new ConstantRewriting(model, suffix);
  const { index } = rewriting;
  for (const { tensor, channels, makers, readers } of normPairs(index)) {
    const divide = own(divisors, tensor);
    if (divide?.length !== channels) continue;
    for (const { node, constants } of makers) {
      for (const at of constants) rewriting.change(node, at, (value, c) => value / (divide[c] as number));
    }
    for (const node of readers) multiplyRows(node, rewriting, divide);
  }
  return rewriting.model();
}

/** Multiplies the weights of a pair's reader by element c of factors, those that channel c is multiplied by. */
export function multiplyRows(node: NodeProto, rewriting: ConstantRewriting, factors: readonly number[]): void {
  const rows = rewriting.own(node, 1);
  forEachPairWeight(node, rewriting.index, (channel, _, at) => {
    rows[at] = (rows[at] as number) * (factors[channel] as number);
  });
}
