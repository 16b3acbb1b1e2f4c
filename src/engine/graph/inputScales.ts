import { InputError } from "../model/job.ts";
import { GraphIndex } from "../onnx/graph.ts";
import { withFields } from "../onnx/messages.ts";
import { freshName, tensorNames } from "../onnx/names.ts";
import { isDefaultDomain } from "../onnx/opset.ts";
import type { ModelProto, NodeProto, TensorProto } from "../onnx/proto/onnx_pb.ts";
import { dataTypeOf, dimsOf, tensorOf, tensorProto } from "../onnx/tensor.ts";
import { dividePairs, forEachPairWeight, hasTurnedWeight, normPairs, rowsOf, valueUses } from "./normPairs.ts";
import { graphOf, withGraph } from "./pass.ts";

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
  const read = new Set(
    index.graph.node.filter((node) => rowsOf(node, index) !== null).map(({ input }) => input[0] ?? ""),
  );
  return [...read].flatMap((tensor): LinearPair[] => {
    const uses = valueUses(tensor, index);
    const readers = [...new Set(uses.map(({ node }) => node))];
    const channels = rowsOf(readers[0]!, index);
    if (channels === null || index.isOutput(tensor) || uses.some(({ input }) => input !== 0)) return [];
    if (normalized.has(tensor) || readers.some((node) => rowsOf(node, index) !== channels)) return [];
    const maker = makerOf(tensor, channels, index);
    return maker && !readers.includes(maker) && areOwn([maker, ...readers], index)
      ? [{ tensor, channels, readers, maker }]
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
  const bias = node.opType === "Gemm" && node.input[2] ? index.initializer(node.input[2]) : null;
  const hasBias = node.opType === "Gemm" && Boolean(node.input[2]);
  const isVector = !hasBias || (bias && dataTypeOf(bias.dataType) === "float32" && dimsOf(bias).at(-1) === channels);
  return columns === channels && isVector ? node : null;
}

/**
 * The model with channel c of each tensor divided by element c of its scales, where it is made, and the rows of the matrices that
 * read it multiplied: the same function to float32's precision. Throws InputError for scales of a tensor whose channels nothing
 * makes, of another number of channels, or that are not positive and finite.
 */
export function applyInputScales(model: ModelProto, scales: Readonly<Record<string, readonly number[]>>): ModelProto {
  const known = new Map(scalableInputs(new GraphIndex(graphOf(model))).map((each) => [each.tensor, each.channels]));
  for (const [tensor, values] of Object.entries(scales)) {
    const fits = known.get(tensor) === values.length;
    if (
      fits &&
      values.every((value) => value > 0 && Math.fround(value) < Infinity && Math.fround(1 / value) < Infinity)
    )
      continue;
    throw new InputError(
      `The recipe's scales of the input ${tensor} do not fit the model, or are not positive and finite; set "inputScales" to null in the recipe to find them again.`,
    );
  }
  const divided = dividePairs(model, scales, "awq");
  return divideLinear(divided, new Map(Object.entries(scales)));
}

/** The same of output channels of matrices, of which one may also read what another makes. */
function divideLinear(model: ModelProto, scales: ReadonlyMap<string, readonly number[]>): ModelProto {
  const graph = graphOf(model);
  const index = new GraphIndex(graph);
  const names = tensorNames(graph);
  const added: TensorProto[] = [];
  const inputs = new Map<NodeProto, string[]>();
  const values = new Map<string, Float32Array>();
  /** The constant that a node has in the place of its own, to be written into. */
  const own = (node: NodeProto, at: number): Float32Array => {
    const input = inputs.get(node) ?? [...node.input];
    inputs.set(node, input);
    const known = values.get(input[at] as string);
    if (known) return known;
    const proto = index.initializer(node.input[at] ?? "") as TensorProto;
    const data = Float32Array.from(tensorOf(proto).data as Float32Array);
    const name = freshName(names, `${node.input[at]}.awq`);
    input[at] = name;
    values.set(name, data);
    added.push(tensorProto(name, { type: "float32", dims: dimsOf(proto), data }));
    return data;
  };
  for (const { tensor, readers, maker } of linearPairs(index)) {
    const scale = scales.get(tensor);
    if (!scale) continue;
    const made = own(maker, 1);
    forEachPairWeight(maker, index, (_, __, at, output) => {
      made[at] = (made[at] as number) / (scale[output] as number);
    });
    if (maker.opType === "Gemm" && maker.input[2]) {
      const bias = own(maker, 2);
      for (const [at, value] of bias.entries()) bias[at] = value / (scale[at % scale.length] as number);
    }
    for (const node of readers) {
      const rows = own(node, 1);
      forEachPairWeight(node, index, (channel, _, at) => {
        rows[at] = (rows[at] as number) * (scale[channel] as number);
      });
    }
  }
  if (inputs.size === 0) return model;
  const node = graph.node.map((each) => {
    const input = inputs.get(each);
    return input ? withFields(each, { input }) : each;
  });
  const read = new Set(node.flatMap(({ input }) => input));
  const gone = new Set([...inputs.keys()].flatMap(({ input }) => input).filter((name) => !read.has(name)));
  return withGraph(model, {
    node,
    initializer: [...graph.initializer.filter(({ name }) => !gone.has(name)), ...added],
  });
}
