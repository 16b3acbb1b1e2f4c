import { subgraphsOf } from "../onnx/attributes.ts";
import { equalTensors } from "../onnx/equalTensors.ts";
import { withFields } from "../onnx/messages.ts";
import { freshName, renameInGraph, tensorNames } from "../onnx/names.ts";
import { allNodes } from "../onnx/opset.ts";
import type { GraphProto, ModelProto, NodeProto, TensorProto } from "../onnx/proto/onnx_pb.ts";
import { rawLength } from "../onnx/tensorBytes.ts";
import { graphOf, type PassResult, withGraph } from "./pass.ts";

/** Smaller constants stay where they are. */
const SHARED_BYTES = 1024;

/**
 * Puts constants that several graphs within the model hold, each for itself, into the model's own graph, once: folding makes
 * the same weights in both branches of an If.
 */
export function shareConstants(model: ModelProto): PassResult {
  const graph = graphOf(model);
  const sharer = new Sharer(graph);
  if (sharer.isEmpty) return { model, changes: [] };
  const node = graph.node.map((each) => sharer.node(each));
  const initializer = [...graph.initializer, ...sharer.shared];
  const changes = [{ count: sharer.count, noun: "constant", what: "within a body shared with another one" }];
  return { model: withGraph(model, { node, initializer }), changes };
}

class Sharer {
  readonly shared: TensorProto[] = [];
  /** How many were left out. */
  count = 0;
  /** The name at the top of each constant that is there more than once. */
  readonly #names = new Map<TensorProto, string>();

  constructor(graph: GraphProto) {
    const names = tensorNames(graph);
    for (const group of equalTensors(heldWithin(graph))) {
      const [first, ...others] = group;
      if (!first || others.length === 0) continue;
      const name = freshName(names, `${first.name}_shared`);
      this.shared.push(withFields(first, { name }));
      this.count += others.length;
      for (const tensor of group) this.#names.set(tensor, name);
    }
  }

  get isEmpty(): boolean {
    return this.shared.length === 0;
  }

  node(node: NodeProto): NodeProto {
    if (subgraphsOf(node).length === 0) return node;
    const attribute = node.attribute.map((each) =>
      withFields(each, { g: each.g && this.#body(each.g), graphs: each.graphs.map((graph) => this.#body(graph)) }),
    );
    return withFields(node, { attribute });
  }

  #body(graph: GraphProto): GraphProto {
    const inner = withFields(graph, { node: graph.node.map((node) => this.node(node)) });
    const left = graph.initializer.filter((tensor) => this.#names.has(tensor));
    if (left.length === 0) return inner;
    const renames = new Map(left.map((tensor) => [tensor.name, this.#names.get(tensor) ?? tensor.name]));
    const initializer = graph.initializer.filter((tensor) => !this.#names.has(tensor));
    return renameInGraph(withFields(inner, { initializer }), renames);
  }
}

/** The large constants of the graphs that nodes hold, but for those that a graph gives as they are. */
function heldWithin(graph: GraphProto): TensorProto[] {
  const bodies = [...allNodes(graph)].flatMap(subgraphsOf);
  return bodies.flatMap(({ initializer, output, input }) => {
    const ports = new Set([...input, ...output].map(({ name }) => name));
    return initializer.filter((tensor) => rawLength(tensor) >= SHARED_BYTES && !ports.has(tensor.name));
  });
}
