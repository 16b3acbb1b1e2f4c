import { InputError } from "../model/job.ts";
import { GraphIndex } from "../onnx/graph.ts";
import { isDefaultDomain } from "../onnx/opset.ts";
import type { ModelProto, NodeProto } from "../onnx/proto/onnx_pb.ts";
import { dataTypeOf, dimsOf } from "../onnx/tensor.ts";
import { ConstantRewriting } from "./constantRewriting.ts";
import {
  dividePairs,
  forEachPairWeight,
  hasTurnedWeight,
  multiplyRows,
  normPairs,
  readByMatrices,
  rowsOf,
  valueUses,
} from "./normPairs.ts";
import { graphOf } from "./pass.ts";

/** What found scales: of the names of constants that are scaled, and where the recipe keeps them. */
const FOUND_BY = {
  awq: { scales: "scales", member: "inputScales" },
  smoothed: { scales: "scales of smoothing", member: "smoothed" },
} as const;
type ScaledBy = keyof typeof FOUND_BY;

/** A tensor whose channels can be divided where they are made, and made up for by the rows of the matrices that read it. */
export interface ScalableInput {
  readonly tensor: string;
  readonly channels: number;
  /** MatMul and Gemm, each once. */
  readonly readers: readonly NodeProto[];
}

/** One whose channels are output channels of a matrix. */
interface LinearPair extends ScalableInput {
  readonly maker: NodeProto;
}

/**
 * The tensors of a graph that only MatMul and Gemm with constant matrices read, and whose channels constants make: gains of a
 * normalization, also a decomposed one, or output channels of a MatMul or Gemm, through Relu, a factor for all, or a Mul with
 * anything.
 */
export function scalableInputs(index: GraphIndex): ScalableInput[] {
  return [...normPairs(index).filter(({ readers }) => areOwn(readers, index)), ...linearPairs(index)];
}

/** Whether nothing else has the matrices of these layers: they would be there twice. */
function areOwn(nodes: readonly NodeProto[], index: GraphIndex): boolean {
  return nodes.every(({ input }) => index.uses(input[1] ?? "").length === 1);
}

function linearPairs(index: GraphIndex): LinearPair[] {
  const normalized = new Set(normPairs(index).map(({ tensor }) => tensor));
  return readByMatrices(index).flatMap((read): LinearPair[] => {
    if (normalized.has(read.tensor)) return [];
    const maker = makerOf(read.tensor, read.channels, index);
    return maker && !read.readers.includes(maker) && areOwn([maker, ...read.readers], index)
      ? [{ ...read, maker }]
      : [];
  });
}

/** The matrix whose output channels are those of a tensor, whatever else multiplies them. */
function makerOf(tensor: string, channels: number, index: GraphIndex): NodeProto | null {
  const node = index.producer(tensor);
  if (!node || !isDefaultDomain(node.domain)) return null;
  const before = (name = "") =>
    index.isOutput(name) || valueUses(name, index).length !== 1 ? null : makerOf(name, channels, index);
  if (node.opType === "Relu") return before(node.input[0]);
  if (node.opType === "Mul") {
    const [first = "", second = ""] = node.input;
    return first === second ? null : (before(second) ?? before(first));
  }
  if (rowsOf(node, index) === null) return null;
  const columns = Number(index.initializer(node.input[1] ?? "")?.dims[hasTurnedWeight(node) ? 0 : 1]);
  const added = node.opType === "Gemm" ? node.input[2] : "";
  const bias = index.initializer(added ?? "");
  const isVector = !added || (bias && dataTypeOf(bias.dataType) === "float32" && dimsOf(bias).at(-1) === channels);
  return columns === channels && isVector ? node : null;
}

/**
 * The model with channel c of each tensor divided by element c of its scales, where it is made, and the rows of the matrices that
 * read it multiplied: the same function to float32's precision. Throws InputError for scales of a tensor whose channels nothing
 * makes, of another number of channels, or that are not positive and finite.
 */
export function applyInputScales(
  model: ModelProto,
  scales: Readonly<Record<string, readonly number[]>>,
  by: ScaledBy,
): ModelProto {
  const { scales: what, member } = FOUND_BY[by];
  const known = new Map(scalableInputs(new GraphIndex(graphOf(model))).map((each) => [each.tensor, each.channels]));
  for (const [tensor, values] of Object.entries(scales)) {
    const fits = known.get(tensor) === values.length;
    if (
      fits &&
      values.every((value) => value > 0 && Math.fround(value) < Infinity && Math.fround(1 / value) < Infinity)
    )
      continue;
    throw new InputError(
      `The recipe's ${what} of the input ${tensor} do not fit the model, or are not positive and finite; set "${member}" to null in the recipe to find them again.`,
    );
  }
  const divided = dividePairs(model, scales, by);
  return divideLinear(divided, new Map(Object.entries(scales)), by);
}

/** The same of output channels of matrices, of which one may also read what another makes. */
function divideLinear(model: ModelProto, scales: ReadonlyMap<string, readonly number[]>, by: ScaledBy): ModelProto {
  const rewriting = new ConstantRewriting(model, by);
  const { index } = rewriting;
  for (const { tensor, readers, maker } of linearPairs(index)) {
    const scale = scales.get(tensor);
    if (!scale) continue;
    const made = rewriting.own(maker, 1);
    forEachPairWeight(maker, index, (_, __, at, output) => {
      made[at] = (made[at] as number) / (scale[output] as number);
    });
    if (maker.opType === "Gemm" && maker.input[2]) {
      rewriting.change(maker, 2, (value, at) => value / (scale[at % scale.length] as number));
    }
    for (const node of readers) multiplyRows(node, rewriting, scale);
  }
  return rewriting.model();
}
