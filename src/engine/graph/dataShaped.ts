import { GraphIndex } from "../onnx/graph.ts";
import { isDefaultDomain } from "../onnx/opset.ts";
import type { GraphProto, ModelProto, NodeProto } from "../onnx/proto/onnx_pb.ts";

/** Operators that give as many values as data decides. */
const SOURCES = new Set(["Compress", "NonMaxSuppression", "NonZero", "Unique"]);

const ANY = Array.from({ length: 16 }, (_, at) => at);
const FIRST = [0];
const BROADCASTS = "Add Concat Div Equal Greater Less Max Min Mul Pow Sub Where".split(" ");
const HANDS_ON =
  "Abs Cast Ceil Clip Exp Flatten Floor Gemm Identity MatMul Neg Not Relu Reshape Round Sigmoid Slice Softmax Split Sqrt Squeeze Transpose Unsqueeze".split(
    " ",
  );

/** Which inputs the size of a result follows, of operators that hand it on. */
const FOLLOWED: ReadonlyMap<string, readonly number[]> = new Map<string, readonly number[]>([
  ["Gather", [0, 1]],
  ["GatherElements", [1]],
  ["GatherND", [1]],
  ["RoiAlign", [1]],
  ...BROADCASTS.map((type): [string, readonly number[]] => [type, ANY]),
  ...HANDS_ON.map((type): [string, readonly number[]] => [type, FIRST]),
]);

/**
 * Tensors of a graph whose size depends on the values that it is fed, as far as it follows from the operators; `graph` is in
 * topological order.
 */
export function dataShaped(graph: GraphProto): ReadonlySet<string> {
  const tensors = new Set<string>();
  const index = new GraphIndex(graph);
  for (const node of graph.node) {
    if (!isDefaultDomain(node.domain)) continue;
    const made = node.input.some((name) => name && !index.initializer(name)) ? sizedByData(node) : [];
    const isHandedOn = FOLLOWED.get(node.opType)?.some((at) => tensors.has(node.input[at] ?? ""));
    for (const name of isHandedOn ? node.output : made) tensors.add(name);
  }
  return tensors;
}

/** The outputs of a model among them. */
export function dataShapedOutputs({ graph }: ModelProto): ReadonlySet<string> {
  const tensors = graph ? dataShaped(graph) : new Set<string>();
  return new Set(graph?.output.map(({ name }) => name).filter((name) => tensors.has(name)));
}

/** A Loop stacks what its body gives beside what it carries, as often as it runs. */
function sizedByData({ opType, input, output }: NodeProto): readonly string[] {
  if (SOURCES.has(opType)) return output.filter(Boolean);
  return opType === "Loop" ? output.slice(Math.max(0, input.length - 2)).filter(Boolean) : [];
}
