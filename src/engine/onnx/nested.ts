import { GraphIndex } from "./graph.ts";
import type { GraphProto, NodeProto, TensorProto } from "./proto/onnx_pb.ts";

/** The constants that a name may mean in a graph; undefined where it means no constant. */
export type Scope = (name: string) => TensorProto | undefined;

/** The constants of a graph, and of those around it where it gives a name no other meaning. */
export function scopeOf(graph: GraphProto, outer: Scope): Scope {
  const constants = new Map(graph.initializer.map((tensor) => [tensor.name, tensor]));
  const made = new Set([...graph.input.map(({ name }) => name), ...graph.node.flatMap(({ output }) => output)]);
  return (name) => constants.get(name) ?? (made.has(name) ? undefined : outer(name));
}

/** What the names of all layers begin with that are in the graph of an attribute of a layer. */
export const innerPath = (holder: string, attribute: string) => `${holder}/${attribute}`;

/** The name of a layer inside another one. */
export const innerId = (holder: string, attribute: string, id: string) => `${innerPath(holder, attribute)}/${id}`;

/** Where a node is: in a graph, of whose names a scope tells the constants. */
export interface Place {
  readonly id: string;
  readonly index: GraphIndex;
  readonly scope: Scope;
  /** The operator whose graph it is in; null in the model's own graph. */
  readonly inside: string | null;
}

/** Goes through the nodes of a graph and of the graphs that they hold: each before those inside it. */
export function visitNested(graph: GraphProto, visit: (node: NodeProto, place: Place) => void): void {
  const go = (within: GraphProto, outer: Scope, inside: string | null, idOf: (id: string) => string) => {
    const index = new GraphIndex(within);
    const scope = scopeOf(within, outer);
    for (const node of within.node) {
      const id = idOf(index.id(node));
      visit(node, { id, index, scope, inside });
      for (const { name, g, graphs } of node.attribute) {
        for (const body of g ? [g, ...graphs] : graphs) {
          go(body, scope, node.opType, (inner) => innerId(id, name, inner));
        }
      }
    }
  };
  go(
    graph,
    () => undefined,
    null,
    (id) => id,
  );
}
