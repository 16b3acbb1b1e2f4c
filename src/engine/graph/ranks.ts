import { intOf, intsOf } from "../onnx/attributes.ts";
import { isDefaultDomain } from "../onnx/opset.ts";
import { portOf } from "../onnx/ports.ts";
import type { GraphProto, NodeProto, ValueInfoProto } from "../onnx/proto/onnx_pb.ts";

const SAME_AS_FIRST = new Set(
  `Abs AveragePool BatchNormalization Cast Ceil Clip Concat Conv ConvTranspose DepthToSpace Dropout Elu Erf Exp Floor
  GlobalAveragePool GlobalMaxPool HardSigmoid Hardmax Identity InstanceNormalization LRN LeakyRelu Log LogSoftmax
  MaxPool Neg PRelu Pad Reciprocal Relu Resize Selu Sigmoid Slice Softmax Softplus SpaceToDepth Split Sqrt Tanh Tile
  Transpose Upsample`.split(/\s+/),
);
const BROADCAST = new Set("Add Div Max Mean Min Mul Pow Sub Sum Where".split(" "));

/** The number of dimensions of each tensor below opset 13, where it follows from the operators or the file says so. */
export function inferRanks(graph: GraphProto): ReadonlyMap<string, number> {
  const ranks = new Map<string, number>();
  const initializers = new Map(graph.initializer.map((tensor) => [tensor.name, tensor]));
  for (const info of graph.input) declare(info, ranks);
  for (const [name, tensor] of initializers) ranks.set(name, tensor.dims.length);
  for (const info of [...graph.valueInfo, ...graph.output]) declare(info, ranks);
  const lengths = new Map<string, number>();
  for (const [name, { dims }] of initializers) if (dims.length === 1) lengths.set(name, Number(dims[0]));
  for (const node of graph.node) {
    if (!isDefaultDomain(node.domain)) continue;
    const rank = rankOf(node, ranks, lengths);
    const length = lengthOf(node, ranks, lengths);
    for (const output of node.output) {
      if (rank !== undefined) ranks.set(output, rank);
      if (length !== undefined) lengths.set(output, length);
    }
  }
  return ranks;
}

function declare(info: ValueInfoProto, ranks: Map<string, number>): void {
  const value = info.type?.value;
  if (value?.case === "tensorType" && value.value.shape) ranks.set(info.name, portOf(info).dims.length);
}

function rankOf(
  node: NodeProto,
  ranks: ReadonlyMap<string, number>,
  lengths: ReadonlyMap<string, number>,
): number | undefined {
  const inputs = node.input.filter(Boolean).map((name) => ranks.get(name));
  const [first, second] = inputs;
  const axes = intsOf(node, "axes")?.length;
  if (SAME_AS_FIRST.has(node.opType)) return first;
  if (BROADCAST.has(node.opType)) {
    const known = inputs.filter((rank) => rank !== undefined);
    return known.length === inputs.length ? Math.max(...known) : undefined;
  }
  switch (node.opType) {
    case "Flatten":
    case "Gemm":
      return 2;
    case "Shape":
      return 1;
    case "Gather":
      return first !== undefined && second !== undefined ? first + second - 1 : undefined;
    case "Reshape":
      return intsOf(node, "shape")?.length ?? lengths.get(node.input[1] ?? "");
    case "MatMul":
      return first !== undefined && second !== undefined && first > 1 && second > 1
        ? Math.max(first, second)
        : undefined;
    case "Unsqueeze":
      return first !== undefined && axes !== undefined ? first + axes : undefined;
    case "Squeeze":
      return first !== undefined && axes !== undefined ? first - axes : undefined;
    case "ReduceMean":
    case "ReduceSum":
    case "ReduceMax":
      if (intOf(node, "keepdims") !== 0) return first;
      return first !== undefined && axes !== undefined ? first - axes : undefined;
    default:
      return undefined;
  }
}

/** The length of a one-dimensional tensor: enough to follow how exporters put a shape together for Reshape. */
function lengthOf(
  node: NodeProto,
  ranks: ReadonlyMap<string, number>,
  lengths: ReadonlyMap<string, number>,
): number | undefined {
  const inputs = node.input.filter(Boolean);
  const [first = ""] = inputs;
  switch (node.opType) {
    case "Shape":
      return ranks.get(first);
    case "Cast":
      return lengths.get(first);
    case "Concat": {
      const known = inputs.map((name) => lengths.get(name)).filter((length) => length !== undefined);
      return known.length === inputs.length ? known.reduce((sum, length) => sum + length, 0) : undefined;
    }
    case "Unsqueeze":
      return ranks.get(first) === 0 ? 1 : undefined;
    case "Slice": {
      const [[start], [end]] = [intsOf(node, "starts") ?? [], intsOf(node, "ends") ?? []];
      const length = lengths.get(first);
      if (start === undefined || end === undefined || length === undefined || start < 0 || end < 0) return undefined;
      return Math.max(0, Math.min(end, length) - start);
    }
    default:
      return undefined;
  }
}
