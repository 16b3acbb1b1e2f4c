import { subgraphsOf } from "../onnx/attributes.ts";
import type { GraphIndex } from "../onnx/graph.ts";
import type { NodeProto } from "../onnx/proto/onnx_pb.ts";
import { operatorOf } from "../operators/index.ts";

/**
 * The layers that work out outputs of a graph from what its last layers with weights make: boxes of offsets, probabilities of
 * scores. What only moves values before the first of them is not among them; none where the graph has no layers with weights.
 */
export function lastLayers(index: GraphIndex): ReadonlySet<NodeProto> {
  const isMove = (node: NodeProto) => operatorOf(node, index)?.kind === "move";
  const { node: nodes } = index.graph;
  const leads = new Set<NodeProto>();
  for (const node of nodes.toReversed()) {
    const readers = node.output.flatMap((name) => index.consumers(name));
    if (hasWeights(node, index) || readers.some((reader) => leads.has(reader))) leads.add(node);
  }
  const last = new Set<NodeProto>();
  if (leads.size === 0) return last;
  for (const node of nodes) {
    if (leads.has(node)) continue;
    const follows = node.input.some((name) => last.has(index.producer(name) ?? node));
    if (follows || !isMove(node)) last.add(node);
  }
  return last;
}

function hasWeights(node: NodeProto, index: GraphIndex): boolean {
  const operator = operatorOf(node, index);
  if (operator?.kind === "weighted" || subgraphsOf(node).length > 0) return true;
  return operator?.kind === "float" && operator.keeps !== undefined;
}
