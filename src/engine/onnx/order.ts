import { InputError } from "../model/job.ts";
import { capturedBy, GraphIndex } from "./graph.ts";
import { withFields } from "./messages.ts";
import type { GraphProto, NodeProto } from "./proto/onnx_pb.ts";

/**
 * The graph with every node after those whose outputs it reads; the same object when it is so already.
 * @throws InputError naming a node that waits for itself or reads a tensor that nothing makes.
 */
export function inTopologicalOrder(graph: GraphProto): GraphProto {
  const made = new Set([...graph.input, ...graph.initializer].map(({ name }) => name));
  for (const { values } of graph.sparseInitializer) if (values) made.add(values.name);
  const sorted: NodeProto[] = [];
  let waiting = graph.node.map((node) => ({ node, reads: readsOf(node) }));
  while (waiting.length > 0) {
    const blocked: typeof waiting = [];
    for (const entry of waiting) {
      if (!entry.reads.every((tensor) => made.has(tensor))) {
        blocked.push(entry);
        continue;
      }
      sorted.push(entry.node);
      for (const output of entry.node.output) made.add(output);
    }
    if (blocked.length === waiting.length) throw stuck(graph, blocked, made);
    waiting = blocked;
  }
  return sorted.every((node, i) => node === graph.node[i]) ? graph : withFields(graph, { node: sorted });
}

function readsOf(node: NodeProto): string[] {
  return [...node.input.filter(Boolean), ...capturedBy(node)];
}

function stuck(
  graph: GraphProto,
  blocked: readonly { readonly node: NodeProto; readonly reads: readonly string[] }[],
  made: ReadonlySet<string>,
): InputError {
  const index = new GraphIndex(graph);
  for (const { node, reads } of blocked) {
    const missing = reads.find((tensor) => !made.has(tensor) && !index.has(tensor));
    if (missing === undefined) continue;
    return new InputError(
      `Layer "${index.id(node)}" reads "${missing}", which nothing in the model makes; export it again.`,
    );
  }
  const first = blocked[0]?.node;
  return new InputError(`Layer "${first ? index.id(first) : ""}" waits for its own output; export the model again.`);
}
