import type { GraphIndex } from "../onnx/graph.ts";
import type { NodeProto } from "../onnx/proto/onnx_pb.ts";

/** Operators that only move or select values, and casts. */
export const MOVERS: ReadonlySet<string> = new Set(
  "Reshape Transpose Squeeze Unsqueeze Flatten Slice Split Gather Expand Identity Cast Concat Pad Tile".split(" "),
);

/** The node that makes the values of a tensor, before what only moves them, by the first input of each. */
export function makerOf(tensor: string, index: GraphIndex): NodeProto | undefined {
  let node = index.producer(tensor);
  while (node && MOVERS.has(node.opType)) node = index.producer(node.input[0] ?? "");
  return node;
}

/**
 * The nearest nodes before a tensor for which `isWanted`, through operators of `through` and what moves values.
 * Nothing behind a node that is neither is looked at.
 */
export function behind(
  tensor: string,
  index: GraphIndex,
  through: ReadonlySet<string>,
  isWanted: (node: NodeProto) => boolean,
): readonly NodeProto[] {
  const found = new Set<NodeProto>();
  const seen = new Set<NodeProto>();
  const open = [tensor];
  for (let name = open.pop(); name !== undefined; name = open.pop()) {
    const node = index.producer(name);
    if (!node || seen.has(node)) continue;
    seen.add(node);
    if (isWanted(node)) found.add(node);
    else if (through.has(node.opType) || MOVERS.has(node.opType)) open.push(...node.input);
  }
  return [...found];
}

/** The same forwards. */
export function ahead(
  tensor: string,
  index: GraphIndex,
  through: (node: NodeProto) => boolean,
  isWanted: (node: NodeProto) => boolean,
): readonly NodeProto[] {
  const found = new Set<NodeProto>();
  const seen = new Set<NodeProto>();
  const open = [tensor];
  for (let name = open.pop(); name !== undefined; name = open.pop()) {
    for (const node of index.consumers(name)) {
      if (seen.has(node)) continue;
      seen.add(node);
      if (isWanted(node)) found.add(node);
      else if (through(node) || MOVERS.has(node.opType)) open.push(...node.output.filter(Boolean));
    }
  }
  return [...found];
}

/** Every node that a tensor depends on. */
export function ancestors(tensor: string, index: GraphIndex): ReadonlySet<NodeProto> {
  const seen = new Set<NodeProto>();
  const open = [tensor];
  for (let name = open.pop(); name !== undefined; name = open.pop()) {
    const node = index.producer(name);
    if (!node || seen.has(node)) continue;
    seen.add(node);
    open.push(...node.input);
  }
  return seen;
}
