import { fnv1a } from "../values/hash.ts";
import { subgraphsOf } from "./attributes.ts";
import { withFields } from "./messages.ts";
import type { GraphProto, NodeProto, ValueInfoProto } from "./proto/onnx_pb.ts";

/** Every tensor name in a graph and its subgraphs. */
export function tensorNames(graph: GraphProto): Set<string> {
  const names = new Set([...graph.input, ...graph.output, ...graph.initializer].map(({ name }) => name));
  for (const node of graph.node) {
    for (const name of [...node.input, ...node.output]) names.add(name);
    for (const subgraph of subgraphsOf(node)) for (const name of tensorNames(subgraph)) names.add(name);
  }
  return names;
}

/** A name that is not in `names`, made of `base`; it is added to `names`. */
export function freshName(names: Set<string>, base: string): string {
  let name = base;
  for (let i = 1; names.has(name); i++) name = `${base}_${i}`;
  names.add(name);
  return name;
}

/** Longer names are not repeated in what is made of them. */
const LONGEST_STEM = 80;

/**
 * What the names of tensors made for another one begin with: its name, or where that is long a hash of it (FNV-1a, 32 bits),
 * which depends on nothing else.
 */
export function stemOf(name: string): string {
  if (name.length <= LONGEST_STEM) return name;
  return `t${fnv1a(name).toString(16).padStart(8, "0")}`;
}

/** The node with tensors renamed, in its subgraphs too; the node itself when it has none of them. */
export function renameTensors(node: NodeProto, renames: ReadonlyMap<string, string>): NodeProto {
  if (renames.size === 0) return node;
  const rename = (name: string) => renames.get(name) ?? name;
  const touches = [...node.input, ...node.output].some((name) => renames.has(name));
  if (!touches && subgraphsOf(node).length === 0) return node;
  return withFields(node, {
    input: node.input.map(rename),
    output: node.output.map(rename),
    attribute: node.attribute.map((attribute) =>
      attribute.g || attribute.graphs.length > 0
        ? withFields(attribute, {
            g: attribute.g && renameInGraph(attribute.g, renames),
            graphs: attribute.graphs.map((graph) => renameInGraph(graph, renames)),
          })
        : attribute,
    ),
  });
}

/** The graph with tensors renamed, in its subgraphs too. */
export function renameInGraph(graph: GraphProto, renames: ReadonlyMap<string, string>): GraphProto {
  const renamed = <T extends ValueInfoProto | GraphProto["initializer"][number]>(item: T): T => {
    const name = renames.get(item.name);
    return name === undefined ? item : (withFields<ValueInfoProto>(item as ValueInfoProto, { name }) as T);
  };
  return withFields(graph, {
    node: graph.node.map((node) => renameTensors(node, renames)),
    initializer: graph.initializer.map(renamed),
    input: graph.input.map(renamed),
    output: graph.output.map(renamed),
    valueInfo: graph.valueInfo.map(renamed),
  });
}
