import type { Tensor } from "../model/tensor.ts";
import { floatOf } from "../onnx/attributes.ts";
import { GraphIndex } from "../onnx/graph.ts";
import { withFields } from "../onnx/messages.ts";
import { freshName, tensorNames } from "../onnx/names.ts";
import type { ModelProto, NodeProto, TensorProto } from "../onnx/proto/onnx_pb.ts";
import { tensorProto } from "../onnx/tensor.ts";
import { weightedOf } from "../operators/index.ts";
import { type Affine, channelAffine, floatConstant, NORMALIZATION } from "./channelAffine.ts";
import { type Change, graphOf, type PassResult, withGraph } from "./pass.ts";

interface Weights {
  readonly weight: Tensor;
  /** Null where the layer has none and needs none. */
  readonly bias: Tensor | null;
  readonly node: NodeProto;
}

/**
 * Folds what only scales and shifts channels, BatchNormalization or a Mul, Add, Sub or Div with constants (a frozen one, as
 * detectors have it), into the Conv, ConvTranspose, Gemm or MatMul before it, where nothing else reads the tensor between
 * them. The layer's output takes the name of the other's. Computed in float64, stored as float32.
 */
export function foldBatchNormalization(model: ModelProto): PassResult {
  const counts = new Map<string, Change>();
  let current = model;
  for (;;) {
    const { next, folded } = foldOnce(current);
    if (folded.length === 0) break;
    for (const { noun, operator } of folded) {
      const key = `${noun} ${operator}`;
      const count = (counts.get(key)?.count ?? 0) + 1;
      const isFirst = noun === NORMALIZATION && operator !== "MatMul";
      counts.set(key, { count, noun, what: `folded into ${operator}`, ...(!isFirst && { generation: 2 }) });
    }
    current = next;
  }
  return { model: current, changes: [...counts.values()] };
}

interface Folded {
  readonly noun: string;
  readonly operator: string;
}

function foldOnce(model: ModelProto): { readonly next: ModelProto; readonly folded: readonly Folded[] } {
  const graph = graphOf(model);
  const index = new GraphIndex(graph);
  const names = tensorNames(graph);
  const replaced = new Map<NodeProto, NodeProto>();
  const gone = new Set<NodeProto>();
  const added: TensorProto[] = [];
  const folded: Folded[] = [];
  for (const node of graph.node) {
    const step = channelAffine(node, index);
    const [input = "", output = ""] = [step?.input, node.output[0]];
    const layer = index.producer(input);
    if (!step || !layer || gone.has(layer) || replaced.has(layer)) continue;
    if (index.isOutput(input) || index.uses(input).length !== 1) continue;
    const affine = step.of(layer);
    const made = affine && foldInto(layer, affine, step.noun === NORMALIZATION, index);
    if (!made) continue;
    const weight = freshName(names, `${layer.input[1]}.folded`);
    added.push(tensorProto(weight, made.weight));
    const inputs = [layer.input[0] ?? "", weight];
    if (made.bias) {
      const bias = freshName(names, `${layer.input[2] || `${output}.bias`}.folded`);
      added.push(tensorProto(bias, made.bias));
      inputs.push(bias);
    }
    replaced.set(layer, withFields(made.node, { input: inputs, output: [output] }));
    gone.add(node);
    folded.push({ noun: step.noun, operator: layer.opType });
  }
  const next = withGraph(model, {
    node: graph.node.filter((node) => !gone.has(node)).map((node) => replaced.get(node) ?? node),
    initializer: [...graph.initializer, ...added],
  });
  return { next, folded };
}

/** `biased`: with a bias even where nothing is added, for a layer that can have one. */
function foldInto(layer: NodeProto, affine: Affine, biased: boolean, index: GraphIndex): Weights | undefined {
  const weight = floatConstant(index, layer.input[1]);
  const bias = layer.input[2] ? floatConstant(index, layer.input[2]) : null;
  if (!weight || bias === undefined) return undefined;
  const channels = affine.factor.length;
  const operator = weightedOf(layer, index);
  const channelOf = operator?.channelOf?.(layer, weight.dims);
  if (!channelOf || operator?.channels(layer, weight.dims) !== channels) return undefined;
  if (bias && bias.data.length !== 1 && (bias.data.length !== channels || bias.dims.at(-1) !== channels))
    return undefined;
  const isShifted = bias !== null || affine.offset.some((value) => value !== 0);
  if (isShifted && operator.bias === "next") return undefined;
  const takesBias = isShifted || (biased && operator.bias === "own");
  const made = {
    weight: scaled(weight, affine, channelOf),
    bias: takesBias ? shifted(bias, affine, floatOf(layer, "beta") ?? 1) : null,
  };
  if (!holdsFinite(made.weight) || !holdsFinite(made.bias)) return undefined;
  return {
    ...made,
    node: withFields(layer, { attribute: layer.attribute.filter(({ name }) => name !== "beta") }),
  };
}

function holdsFinite(tensor: Tensor | null): boolean {
  return tensor === null || (tensor.data as Float32Array).every(Number.isFinite);
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
