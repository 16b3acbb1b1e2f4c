import type { Tensor } from "../model/tensor.ts";
import { intOf, subgraphsOf } from "../onnx/attributes.ts";
import { withFields } from "../onnx/messages.ts";
import { isDefaultDomain } from "../onnx/opset.ts";
import type { GraphProto, ModelProto, NodeProto, TensorProto } from "../onnx/proto/onnx_pb.ts";
import { scalar, tensorProto, vector } from "../onnx/tensor.ts";
import { clamp } from "../values/clamp.ts";
import { elementCount } from "../values/dims.ts";
import { withShape } from "./annotations.ts";
import { graphOf, type PassResult } from "./pass.ts";

export type Shapes = ReadonlyMap<string, readonly number[]>;

/** The model with inputs that take one shape alone, and constants in the place of each Shape and Size of them, at any depth. */
export function fixShapes(model: ModelProto, shapes: Shapes): PassResult {
  if (shapes.size === 0) return { model, changes: [] };
  let count = 0;
  const fixed = fixWithin(graphOf(model), shapes, () => count++);
  const input = fixed.input.map((info) => {
    const shape = shapes.get(info.name);
    return shape ? withShape(info, shape) : info;
  });
  return {
    model: withFields(model, { graph: withFields(fixed, { input }) }),
    changes: count === 0 ? [] : [{ count, noun: "Shape layer", what: "made constant" }],
  };
}

function fixWithin(graph: GraphProto, outer: Shapes, found: () => void): GraphProto {
  const hidden = new Set(graph.output.map(({ name }) => name));
  const initializer: TensorProto[] = [...graph.initializer];
  const node = graph.node.flatMap((each) => {
    const [name = ""] = each.output;
    const known = hidden.has(name) ? null : shapeOf(each, outer);
    if (!known) return [subgraphsOf(each).length > 0 ? fixBodies(each, outer, found) : each];
    found();
    initializer.push(tensorProto(name, known));
    return [];
  });
  return withFields(graph, { node, initializer });
}

/** What the body of a Loop or Scan calls like an input of the model is another tensor. */
function fixBodies(node: NodeProto, outer: Shapes, found: () => void): NodeProto {
  const body = (graph: GraphProto) => {
    const own = new Set(graph.input.map(({ name }) => name));
    return fixWithin(graph, new Map([...outer].filter(([name]) => !own.has(name))), found);
  };
  return withFields(node, {
    attribute: node.attribute.map((each) =>
      each.g || each.graphs.length > 0
        ? withFields(each, { g: each.g && body(each.g), graphs: each.graphs.map(body) })
        : each,
    ),
  });
}

/** What a Shape or Size makes of a tensor whose shape is known. */
function shapeOf(node: NodeProto, shapes: Shapes): Tensor | null {
  const shape = isDefaultDomain(node.domain) ? shapes.get(node.input[0] ?? "") : undefined;
  if (!shape) return null;
  if (node.opType === "Size") return scalar("int64", elementCount(shape));
  if (node.opType !== "Shape") return null;
  const place = (at: number) => clamp(at < 0 ? at + shape.length : at, 0, shape.length);
  return vector("int64", shape.slice(place(intOf(node, "start") ?? 0), place(intOf(node, "end") ?? shape.length)));
}
