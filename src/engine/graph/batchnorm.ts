import type { Tensor } from "../model/tensor.ts";
import { floatOf } from "../onnx/attributes.ts";
import { GraphIndex } from "../onnx/graph.ts";
import { withFields } from "../onnx/messages.ts";
import { freshName, tensorNames } from "../onnx/names.ts";
import { isDefaultDomain } from "../onnx/opset.ts";
import type { ModelProto, NodeProto, TensorProto } from "../onnx/proto/onnx_pb.ts";
import { dataTypeOf, tensorOf, tensorProto } from "../onnx/tensor.ts";
import { weightedOf } from "../operators/index.ts";
import { graphOf, type PassResult, withGraph } from "./pass.ts";

/** y = x * factor + offset, by channel. */
interface Affine {
  readonly factor: Float64Array;
  readonly offset: Float64Array;
}

interface Weights {
  readonly weight: Tensor;
  readonly bias: Tensor;
  readonly node: NodeProto;
}

/**
 * Folds BatchNormalization into the Conv, ConvTranspose or Gemm before it, where nothing else reads the tensor between
 * them. The layer's output takes the name of BatchNormalization's. Computed in float64, stored as float32.
 */
export function foldBatchNormalization(model: ModelProto): PassResult {
  const counts = new Map<string, number>();
  let current = model;
  for (;;) {
    const { next, operators } = foldOnce(current);
    if (operators.length === 0) break;
    for (const operator of operators) counts.set(operator, (counts.get(operator) ?? 0) + 1);
    current = next;
  }
  const changes = [...counts].map(([operator, count]) => ({
    count,
    noun: "BatchNormalization layer",
    what: `folded into ${operator}`,
  }));
  return { model: current, changes };
}

function foldOnce(model: ModelProto): { readonly next: ModelProto; readonly operators: readonly string[] } {
  const graph = graphOf(model);
  const index = new GraphIndex(graph);
  const names = tensorNames(graph);
  const replaced = new Map<NodeProto, NodeProto>();
  const gone = new Set<NodeProto>();
  const added: TensorProto[] = [];
  for (const node of graph.node) {
    const affine = affineOf(node, index);
    const [input = "", output = ""] = [node.input[0], node.output[0]];
    const layer = index.producer(input);
    if (!affine || !layer || gone.has(layer) || replaced.has(layer)) continue;
    if (index.isOutput(input) || index.uses(input).length !== 1) continue;
    const folded = foldInto(layer, affine, index);
    if (!folded) continue;
    const weight = freshName(names, `${layer.input[1]}.folded`);
    const bias = freshName(names, `${layer.input[2] || `${output}.bias`}.folded`);
    added.push(tensorProto(weight, folded.weight), tensorProto(bias, folded.bias));
    replaced.set(layer, withFields(folded.node, { input: [layer.input[0] ?? "", weight, bias], output: [output] }));
    gone.add(node);
  }
  const next = withGraph(model, {
    node: graph.node.filter((node) => !gone.has(node)).map((node) => replaced.get(node) ?? node),
    initializer: [...graph.initializer, ...added],
  });
  return { next, operators: [...replaced.keys()].map(({ opType }) => opType) };
}

/** https://onnx.ai/onnx/operators/onnx__BatchNormalization.html: (x - mean) / sqrt(var + epsilon) * scale + B. */
function affineOf(node: NodeProto, index: GraphIndex): Affine | undefined {
  if (node.opType !== "BatchNormalization" || !isDefaultDomain(node.domain)) return undefined;
  if (node.output.slice(1).some((name) => name && (index.isOutput(name) || index.uses(name).length > 0)))
    return undefined;
  const [scale, shift, mean, variance] = node.input.slice(1).map((name) => floatConstant(index, name)?.data);
  if (!scale || !shift || !mean || !variance) return undefined;
  const epsilon = floatOf(node, "epsilon") ?? 1e-5;
  const at = (data: Tensor["data"], i: number) => Number(data[i]);
  const factor = Float64Array.from(
    { length: scale.length },
    (_, i) => at(scale, i) / Math.sqrt(at(variance, i) + epsilon),
  );
  const offset = factor.map((value, i) => at(shift, i) - at(mean, i) * value);
  return { factor, offset };
}

function foldInto(layer: NodeProto, affine: Affine, index: GraphIndex): Weights | undefined {
  const weight = floatConstant(index, layer.input[1]);
  const bias = layer.input[2] ? floatConstant(index, layer.input[2]) : null;
  if (!weight || bias === undefined) return undefined;
  const channels = affine.factor.length;
  const operator = weightedOf(layer, index);
  const channelOf = operator?.channelOf?.(layer, weight.dims);
  if (!channelOf || operator?.channels(layer, weight.dims) !== channels) return undefined;
  if (bias && bias.data.length !== 1 && (bias.data.length !== channels || bias.dims.at(-1) !== channels))
    return undefined;
  return {
    weight: scaled(weight, affine, channelOf),
    bias: shifted(bias, affine, floatOf(layer, "beta") ?? 1),
    node: withFields(layer, { attribute: layer.attribute.filter(({ name }) => name !== "beta") }),
  };
}

function scaled(weight: Tensor, { factor }: Affine, channelOf: (element: number) => number): Tensor {
  const data = new Float32Array(weight.data.length);
  for (let i = 0; i < data.length; i++) data[i] = Number(weight.data[i]) * (factor[channelOf(i)] ?? 1);
  return { type: "float32", dims: weight.dims, data };
}

/** The bias after the normalisation; a bias of one element counts for every channel. */
function shifted(bias: Tensor | null, { factor, offset }: Affine, beta: number): Tensor {
  const at = (i: number) => Number(bias?.data[bias.data.length === 1 ? 0 : i] ?? 0);
  const data = Float32Array.from(offset, (value, i) => value + beta * at(i) * (factor[i] ?? 1));
  return { type: "float32", dims: [offset.length], data };
}

function floatConstant(index: GraphIndex, name: string | undefined): Tensor | undefined {
  const proto = name ? index.initializer(name) : undefined;
  return proto && dataTypeOf(proto.dataType) === "float32" ? tensorOf(proto) : undefined;
}
