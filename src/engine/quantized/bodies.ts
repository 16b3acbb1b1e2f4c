import { liftConstants } from "../graph/constants.ts";
import type { GraphIndex } from "../onnx/graph.ts";
import { withFields } from "../onnx/messages.ts";
import { innerPath } from "../onnx/nested.ts";
import type { GraphProto, NodeProto } from "../onnx/proto/onnx_pb.ts";
import type { Constants } from "./constants.ts";

/** A graph that a node holds: a branch of If, the body of Loop or Scan. */
export interface Body {
  /** What names of layers in it begin with: the node's name and the attribute's. */
  readonly path: string;
  /** With the constants around it that it gives no other meaning, and the nodes that make them, last. */
  readonly graph: GraphProto;
}

/** The graphs that a node of this name holds. */
export function bodiesOf(node: NodeProto, id: string, around: GraphIndex, constants: Constants): readonly Body[] {
  return node.attribute.flatMap(({ name, g, graphs }) =>
    (g ? [g, ...graphs] : graphs).map((body) => ({
      path: innerPath(id, name),
      graph: withConstants(liftConstants(body).graph, around.graph, constants),
    })),
  );
}

function withConstants(body: GraphProto, around: GraphProto, constants: Constants): GraphProto {
  const own = new Set([...body.input, ...body.initializer].map(({ name }) => name));
  for (const { output } of body.node) for (const name of output) own.add(name);
  const isSeen = (name: string) => !own.has(name);
  const nodes = around.node.filter(({ output }) => {
    const made = output.filter(Boolean);
    return made.every(isSeen) && made.every((name) => constants.isConstant(name));
  });
  return withFields(body, {
    initializer: [...body.initializer, ...around.initializer.filter(({ name }) => isSeen(name))],
    node: [...body.node, ...nodes],
  });
}
