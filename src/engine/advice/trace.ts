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
  const goesOn = ({ opType }: NodeProto) => through.has(opType) || MOVERS.has(opType);
  const seen = reached(tensor, before(index), (node) => (!isWanted(node) && goesOn(node) ? node.input : []));
  return [...seen].filter(isWanted);
}

/** The same forwards. */
export function ahead(
  tensor: string,
  index: GraphIndex,
  through: (node: NodeProto) => boolean,
  isWanted: (node: NodeProto) => boolean,
): readonly NodeProto[] {
  const goesOn = (node: NodeProto) => through(node) || MOVERS.has(node.opType);
  const next = (node: NodeProto) => (!isWanted(node) && goesOn(node) ? node.output.filter(Boolean) : []);
  return [...reached(tensor, (name) => index.consumers(name), next)].filter(isWanted);
}

/** Every node that a tensor depends on. */
export function ancestors(tensor: string, index: GraphIndex): ReadonlySet<NodeProto> {
  return reached(tensor, before(index), ({ input }) => input);
}

function before(index: GraphIndex): (tensor: string) => readonly NodeProto[] {
  return (tensor) => {
    const node = index.producer(tensor);
    return node ? [node] : [];
  };
}

/** The nodes at a tensor, and at the tensors to which each of them leads, the nearest of the last first. */
function reached(
  tensor: string,
  at: (tensor: string) => readonly NodeProto[],
  leads: (node: NodeProto) => readonly string[],
): ReadonlySet<NodeProto> {
  const seen = new Set<NodeProto>();
  const open = [tensor];
  for (let name = open.pop(); name !== undefined; name = open.pop()) {
    for (const node of at(name)) {
      if (seen.has(node)) continue;
      seen.add(node);
      open.push(...leads(node));
    }
  }
  return seen;
}
