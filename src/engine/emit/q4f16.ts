import { TensorProto_DataType as Code, type GraphProto, type NodeProto } from "../onnx/proto/onnx_pb.ts";
import type { Writer } from "./emitted.ts";
import { writeHalves } from "./float16.ts";
import { writeWeights } from "./weightOnly.ts";

/**
 * q4f16: layers with a matrix become MatMulNBits, and then all is written in float16 but for what the plan leaves in float32: scales
 * too, where the layer is.
 */
export const writeQ4f16: Writer = (model, plan, numbers) => {
  const { half } = plan;
  const written = writeWeights(model, plan, numbers).model;
  if (!half || !written.graph) throw new Error("a plan of q4f16 says what is in float16");
  const { graph } = written;
  const makers = new Map(
    plan.layers.flatMap(({ id, node }) => node.output.filter(Boolean).map((name) => [name, id] as const)),
  );
  const products = graph.node.flatMap(({ output }) => output.filter((name) => name && !makers.has(name)));
  const types = new Map([
    ...half.types,
    ...graph.initializer.map(({ name, dataType }) => [name, dataType] as const),
    ...products.map((name) => [name, Code.FLOAT] as const),
  ]);
  const ids = layerIds(graph, makers);
  return writeHalves(written, { graph, half: { ...half, types }, idOf: (node) => ids.get(node) ?? "" }, numbers);
};

/** The layer that each node is of: the one that makes what it makes, or of a product what the Add after it does. */
function layerIds({ node: nodes }: GraphProto, makers: ReadonlyMap<string, string>): ReadonlyMap<NodeProto, string> {
  const ids = new Map<NodeProto, string>();
  let last = "";
  for (const node of nodes.toReversed()) {
    last = makers.get(node.output.find(Boolean) ?? "") ?? last;
    ids.set(node, last);
  }
  return ids;
}
