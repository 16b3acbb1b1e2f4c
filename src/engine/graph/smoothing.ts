import type { Recipe } from "../model/recipe.ts";
import { own } from "../model/record.ts";
import { intOf } from "../onnx/attributes.ts";
import { GraphIndex } from "../onnx/graph.ts";
import { withFields } from "../onnx/messages.ts";
import { freshName, tensorNames } from "../onnx/names.ts";
import { isDefaultDomain } from "../onnx/opset.ts";
import type { ModelProto, NodeProto, TensorProto } from "../onnx/proto/onnx_pb.ts";
import { dataTypeOf, dimsOf, tensorOf, tensorProto } from "../onnx/tensor.ts";
import type { ChannelExtremes } from "./equalization.ts";
import { graphOf, withGraph } from "./pass.ts";

type Factors = NonNullable<Recipe["factors"]>;

/** A tensor is smoothed whose largest channel reaches so many times as far as the median one. */
const UNEVEN = 4;
/** No channel is divided or multiplied by more. */
const LARGEST_FACTOR = 1e4;

/** Constants of a node that make channel c of its result, so that dividing their element c divides the channel. */
interface Maker {
  readonly node: NodeProto;
  /** Positions among its inputs. */
  readonly constants: readonly number[];
}

/** Features that constants scale channel by channel, and that nothing but MatMul and Gemm with constant weights read. */
export interface SmoothedTensor {
  readonly tensor: string;
  readonly channels: number;
  readonly makers: readonly Maker[];
  readonly readers: readonly NodeProto[];
}

/** The tensors whose channels can be divided where they are scaled, and made up for by the rows of the weights that read them. */
export function smoothedTensors(index: GraphIndex): SmoothedTensor[] {
  const read = new Set(
    index.graph.node.filter((node) => rowsOf(node, index) !== null).map(({ input }) => input[0] ?? ""),
  );
  return [...read].flatMap((tensor): SmoothedTensor[] => {
    const uses = index.uses(tensor);
    const readers = uses.map(({ node }) => node);
    const channels = rowsOf(readers[0]!, index);
    if (channels === null || index.isOutput(tensor) || uses.some(({ input }) => input !== 0)) return [];
    if (readers.some((node) => rowsOf(node, index) !== channels)) return [];
    const makers = makersOf(tensor, channels, index);
    return makers ? [{ tensor, channels, makers, readers }] : [];
  });
}

/** Rows of a matrix of constant weights that multiplies the last axis of a node's first input; null for all others. */
function rowsOf(node: NodeProto, index: GraphIndex): number | null {
  const isMatrix = node.opType === "MatMul" || (node.opType === "Gemm" && !intOf(node, "transA"));
  const weight = index.initializer(node.input[1] ?? "");
  if (!isMatrix || !isDefaultDomain(node.domain) || weight?.dims.length !== 2) return null;
  if (dataTypeOf(weight.dataType) !== "float32" || index.initializer(node.input[0] ?? "")) return null;
  return Number(weight.dims[isTransposed(node) ? 1 : 0]);
}

const isTransposed = (node: NodeProto) => node.opType === "Gemm" && Boolean(intOf(node, "transB"));

function makersOf(tensor: string, channels: number, index: GraphIndex): readonly Maker[] | null {
  const node = index.producer(tensor);
  if (!node || !isDefaultDomain(node.domain)) return null;
  const isVector = (name: string | undefined) => {
    const constant = name ? index.initializer(name) : undefined;
    if (!constant || dataTypeOf(constant.dataType) !== "float32") return false;
    const dims = dimsOf(constant);
    return dims.at(-1) === channels && dims.slice(0, -1).every((dim) => dim === 1);
  };
  if (node.opType === "LayerNormalization" || node.opType === "RMSNormalization") {
    const constants = node.input[2] ? [1, 2] : [1];
    const isLast = (intOf(node, "axis") ?? -1) === -1 && node.output.slice(1).every((name) => !name);
    return isLast && constants.every((at) => isVector(node.input[at])) ? [{ node, constants }] : null;
  }
  const sole = (name: string) => !index.isOutput(name) && index.uses(name).length === 1;
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

/**
 * Factors that bring outlier channels of such tensors closer to the others: channel c is divided by sqrt(a / w), a its largest magnitude over
 * the samples and w that of the weights that read it (Xiao et al., *SmoothQuant*, ICML 2023, with alpha 1/2). Only tensors whose
 * channels differ have any.
 */
export function smoothingFactors(model: ModelProto, extremes: ReadonlyMap<string, ChannelExtremes>): Factors {
  const index = new GraphIndex(graphOf(model));
  const factors = smoothedTensors(index).flatMap((link): [string, Factors[string]][] => {
    const seen = extremes.get(link.tensor);
    if (seen?.min.length !== link.channels) return [];
    const reach = seen.max.map((high, c) => Math.max(high, -(seen.min[c] as number), 0));
    const divide = smoothingOf(link, reach, index);
    return divide
      ? [[link.tensor, { divide: Array.from(divide, Math.fround), absorb: Array.from(divide, () => 0) }]]
      : [];
  });
  return Object.fromEntries(factors);
}

/** What the channels of a tensor that reach so far are divided by; null where they are even, or reach nowhere. */
export function smoothingOf(link: SmoothedTensor, reach: Float64Array, index: GraphIndex): Float64Array | null {
  const weights = new Float64Array(link.channels);
  for (const node of link.readers) {
    forEachWeight(node, index, (channel, value) => {
      weights[channel] = Math.max(weights[channel] as number, Math.abs(value));
    });
  }
  const live = [...reach].filter((each) => each > 0).sort((a, b) => a - b);
  const [median = 0, largest = 0] = [live[live.length >> 1], live.at(-1)];
  if (!(largest > 0 && largest >= UNEVEN * median) || !Number.isFinite(largest)) return null;
  const ratios = reach.map((a, c) => (a > 0 && (weights[c] as number) > 0 ? Math.sqrt(a / (weights[c] as number)) : 0));
  const known = [...ratios].filter((ratio) => ratio > 0);
  const mean = Math.exp(known.reduce((sum, ratio) => sum + Math.log(ratio), 0) / known.length);
  return ratios.map((ratio) => (ratio > 0 ? Math.min(Math.max(ratio / mean, 1 / LARGEST_FACTOR), LARGEST_FACTOR) : 1));
}

function forEachWeight(
  node: NodeProto,
  index: GraphIndex,
  visit: (channel: number, value: number, at: number, output: number) => void,
): void {
  const proto = index.initializer(node.input[1] ?? "") as TensorProto;
  const [, columns = 1] = dimsOf(proto);
  for (const [at, value] of (tensorOf(proto).data as Float32Array).entries()) {
    const [row, column] = [Math.floor(at / columns), at % columns];
    if (isTransposed(node)) visit(column, value, at, row);
    else visit(row, value, at, column);
  }
}

/**
 * What the weights that read a tensor lose to 8 bits once their rows are multiplied: noise over signal, the mean over rows, each counting the
 * same, of the reader that loses most. Of scales a column, or one for all.
 */
export function smoothedWeightLoss(
  { channels, readers }: SmoothedTensor,
  divide: Float64Array,
  perColumn: boolean,
  index: GraphIndex,
): number {
  const losses = readers.map((node) => {
    const columns = new Map<number, number>();
    const energy = new Float64Array(channels);
    forEachWeight(node, index, (channel, value, _, output) => {
      const scaled = Math.abs(value * (divide[channel] as number));
      const column = perColumn ? output : 0;
      columns.set(column, Math.max(columns.get(column) ?? 0, scaled));
      energy[channel] = (energy[channel] as number) + scaled ** 2;
    });
    const width = perColumn ? 1 : Number(index.initializer(node.input[1] ?? "")?.dims[isTransposed(node) ? 0 : 1]);
    const noise = [...columns.values()].reduce((sum, largest) => sum + (width * (largest / 127) ** 2) / 12, 0);
    const live = [...energy].filter((each) => each > 0);
    return live.reduce((sum, each) => sum + Math.min(1, noise / each), 0) / live.length;
  });
  return Math.max(...losses);
}

/** The model with the channels of its smoothed tensors divided and the weights that read them multiplied: the same function to float32's precision. */
export function applySmoothing(model: ModelProto, factors: Factors): ModelProto {
  const graph = graphOf(model);
  const index = new GraphIndex(graph);
  const names = tensorNames(graph);
  const added: TensorProto[] = [];
  const inputs = new Map<NodeProto, string[]>();
  const put = (node: NodeProto, at: number, dims: readonly number[], data: Float32Array) => {
    const input = inputs.get(node) ?? [...node.input];
    inputs.set(node, input);
    input[at] = freshName(names, `${node.input[at]}.equalized`);
    added.push(tensorProto(input[at], { type: "float32", dims, data }));
  };
  for (const { tensor, channels, makers, readers } of smoothedTensors(index)) {
    const divide = own(factors, tensor)?.divide;
    if (divide?.length !== channels) continue;
    for (const { node, constants } of makers) {
      for (const at of constants) {
        const proto = index.initializer(node.input[at] ?? "") as TensorProto;
        const data = (tensorOf(proto).data as Float32Array).map((value, c) => value / (divide[c] as number));
        put(node, at, dimsOf(proto), data);
      }
    }
    for (const node of new Set(readers)) {
      const proto = index.initializer(node.input[1] ?? "") as TensorProto;
      const data = Float32Array.from(tensorOf(proto).data as Float32Array);
      forEachWeight(node, index, (channel, value, at) => {
        data[at] = value * (divide[channel] as number);
      });
      put(node, 1, dimsOf(proto), data);
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
