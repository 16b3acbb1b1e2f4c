import { floatOf, intOf } from "../onnx/attributes.ts";
import { GraphIndex } from "../onnx/graph.ts";
import { withFields } from "../onnx/messages.ts";
import { freshName, tensorNames } from "../onnx/names.ts";
import { isDefaultDomain } from "../onnx/opset.ts";
import type { ModelProto, NodeProto, TensorProto } from "../onnx/proto/onnx_pb.ts";
import { dataTypeOf, dimsOf, tensorOf, tensorProto } from "../onnx/tensor.ts";
import { graphOf, type PassResult, withGraph } from "./pass.ts";
import { inferRanks } from "./ranks.ts";

/**
 * Brings the Add of a constant after each MatMul, where that is the same for every row, to one value an output channel, and
 * each Gemm with constant weights to alpha 1, beta 1 and, where its bias is the same for every row, a bias of one
 * value an output channel: the form that has an integer kernel. Computed in float64, stored as float32.
 */
export function plainGemms(model: ModelProto): PassResult {
  const graph = graphOf(model);
  const index = new GraphIndex(graph);
  const ranks = inferRanks(graph);
  const names = tensorNames(graph);
  const added: TensorProto[] = [];
  const replaced = new Map<NodeProto, NodeProto>();
  const constant = (base: string, dims: readonly number[], data: Float32Array) => {
    const name = freshName(names, `${base}.plain`);
    added.push(tensorProto(name, { type: "float32", dims, data }));
    return name;
  };
  for (const node of graph.node) {
    const sum = plainSum(node, index, ranks);
    if (sum) {
      const input = node.input.map((name, at) => (at === sum.input ? constant(name, [sum.row.length], sum.row) : name));
      replaced.set(node, withFields(node, { input }));
    }
    if (node.opType !== "Gemm" || !isDefaultDomain(node.domain)) continue;
    const [a = "", weightName = "", biasName = ""] = node.input;
    const weight = floats(index, weightName);
    const [alpha, beta] = [floatOf(node, "alpha") ?? 1, floatOf(node, "beta") ?? 1];
    const isBiased = biasName !== "" && beta !== 0;
    const bias = isBiased ? floats(index, biasName) : null;
    if (!weight || bias === undefined) continue;
    const channels = (intOf(node, "transB") ? weight.dims[0] : weight.dims[1]) ?? 0;
    const row = bias && rowOf(bias, channels);
    const isPlain =
      alpha === 1 && (bias ? beta === 1 && (!row || (bias.dims.length === 1 && row === bias.data)) : biasName === "");
    if (isPlain) continue;
    const input = [a, alpha === 1 ? weightName : constant(weightName, weight.dims, scaled(weight.data, alpha))];
    if (bias) input.push(constant(biasName, row ? [channels] : bias.dims, scaled(row ?? bias.data, beta)));
    const attribute = node.attribute.filter(({ name }) => name !== "alpha" && name !== "beta");
    replaced.set(node, withFields(node, { input, attribute }));
  }
  if (replaced.size === 0) return { model, changes: [] };
  const gemms = [...replaced.keys()].filter(({ opType }) => opType === "Gemm").length;
  const changes = [
    { count: gemms, noun: "Gemm", what: "brought to plain scale and bias" },
    {
      ...{ count: replaced.size - gemms, noun: "bias", what: "after MatMul brought to one value an output channel" },
      generation: 2,
    },
  ].filter(({ count }) => count > 0);
  const node = graph.node.map((before) => replaced.get(before) ?? before);
  return { model: withGraph(model, { node, initializer: [...graph.initializer, ...added] }), changes };
}

/** The input of the Add after a MatMul that adds the same to every row, and what that is, where it is not plain yet. */
function plainSum(
  node: NodeProto,
  index: GraphIndex,
  ranks: ReadonlyMap<string, number>,
): { readonly input: number; readonly row: Float32Array } | null {
  if (node.opType !== "Add" || !isDefaultDomain(node.domain)) return null;
  const input = node.input.findIndex((name) => index.initializer(name));
  const product = index.producer(node.input[1 - input] ?? "");
  if (input < 0 || product?.opType !== "MatMul" || !isDefaultDomain(product.domain)) return null;
  const [bias, weight] = [floats(index, node.input[input]!), floats(index, product.input[1] ?? "")];
  const rank = ranks.get(product.input[0] ?? "") ?? 0;
  if (!bias || weight?.dims.length !== 2 || bias.dims.length === 1 || bias.dims.length > rank) return null;
  const row = rowOf(bias, weight.dims[1] ?? 0);
  return row && { input, row };
}

interface Floats {
  readonly dims: readonly number[];
  readonly data: Float32Array;
}

function floats(index: GraphIndex, name: string): Floats | undefined {
  const proto = index.initializer(name);
  if (!proto || dataTypeOf(proto.dataType) !== "float32") return undefined;
  return { dims: dimsOf(proto), data: tensorOf(proto).data as Float32Array };
}

/** What a bias adds to each output channel, where that is the same for every row. */
function rowOf({ dims, data }: Floats, channels: number): Float32Array | null {
  if (dims.slice(0, -1).some((dim) => dim !== 1)) return null;
  if (data.length === channels) return data;
  return data.length === 1 ? new Float32Array(channels).fill(data[0] as number) : null;
}

function scaled(values: Float32Array, factor: number): Float32Array {
  return factor === 1 ? values : values.map((value) => value * factor);
}
