import { subgraphsOf } from "../onnx/attributes.ts";
import { withFields } from "../onnx/messages.ts";
import type { ModelProto } from "../onnx/proto/onnx_pb.ts";

/**
 * The model with what it computes of constants alone, dequantized weights above all, before the rest, each in the order that they had. ONNX Runtime
 * 1.30 goes through a graph from its end, later nodes first: a weight's DequantizeLinear that stands behind what makes its layer's input is computed before all
 * other layers, and its result held until then; one that stands before that is computed when its layer is next.
 */
export function constantsFirst(model: ModelProto): ModelProto {
  const { graph } = model;
  if (!graph) return model;
  const given = new Set(graph.input.map(({ name }) => name));
  const known = new Set(["", ...graph.initializer.map(({ name }) => name).filter((name) => !given.has(name))]);
  const first = new Set(
    graph.node.filter((node) => {
      const isConstant =
        node.input.some(Boolean) && subgraphsOf(node).length === 0 && node.input.every((name) => known.has(name));
      if (isConstant) for (const name of node.output) known.add(name);
      return isConstant;
    }),
  );
  const node = [...first, ...graph.node.filter((each) => !first.has(each))];
  if (node.every((each, at) => each === graph.node[at])) return model;
  return withFields(model, { graph: withFields(graph, { node }) });
}
