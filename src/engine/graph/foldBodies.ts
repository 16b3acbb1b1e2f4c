import { subgraphsOf } from "../onnx/attributes.ts";
import { GraphIndex } from "../onnx/graph.ts";
import { withFields } from "../onnx/messages.ts";
import type { GraphProto, ModelProto, NodeProto, TensorProto } from "../onnx/proto/onnx_pb.ts";
import { constantsToInitializers, foldConstants } from "./constants.ts";
import { removeIdentities } from "./identity.ts";
import { inlineConstantIfs } from "./inlineIf.ts";
import { type Change, type Evaluate, graphOf, type PassResult, withGraph } from "./pass.ts";

type Constants = ReadonlyMap<string, TensorProto>;

/** Folds what is constant in the graphs that nodes hold, at any depth; what is constant around them is known there too. */
export async function foldBodies(model: ModelProto, evaluate: Evaluate): Promise<PassResult> {
  const folder = new BodyFolder(model, evaluate);
  const graph = await folder.within(graphOf(model), new Map());
  return folder.changes.length > 0
    ? { model: withFields(model, { graph }), changes: folder.changes }
    : { model, changes: [] };
}

class BodyFolder {
  readonly changes: Change[] = [];
  readonly #model: ModelProto;
  readonly #evaluate: Evaluate;

  constructor(model: ModelProto, evaluate: Evaluate) {
    this.#model = model;
    this.#evaluate = evaluate;
  }

  /** The graph with the bodies of its nodes folded. */
  async within(graph: GraphProto, outer: Constants): Promise<GraphProto> {
    if (!graph.node.some((node) => subgraphsOf(node).length > 0)) return graph;
    const known = visibleIn(graph, outer);
    for (const tensor of graph.initializer) known.set(tensor.name, tensor);
    const node: NodeProto[] = [];
    for (const each of graph.node) node.push(await this.#node(each, known));
    return withFields(graph, { node });
  }

  async #node(node: NodeProto, known: Constants): Promise<NodeProto> {
    if (subgraphsOf(node).length === 0) return node;
    const attribute: NodeProto["attribute"] = [];
    for (const each of node.attribute) {
      const graphs: GraphProto[] = [];
      for (const graph of each.graphs) graphs.push(await this.#body(graph, known));
      attribute.push(withFields(each, { g: each.g && (await this.#body(each.g, known)), graphs }));
    }
    return withFields(node, { attribute });
  }

  async #body(body: GraphProto, outer: Constants): Promise<GraphProto> {
    const reads = new GraphIndex(body);
    const borrowed = [...visibleIn(body, outer)]
      .filter(([name]) => reads.uses(name).length > 0)
      .map(([, tensor]) => tensor);
    const whole = withFields(body, { initializer: [...body.initializer, ...borrowed] });
    let current = withFields(this.#model, { graph: whole });
    const step = ({ model, changes }: PassResult) => {
      this.changes.push(...changes.map((change) => ({ ...change, what: `${change.what} within a body` })));
      return model;
    };
    let before: ModelProto;
    do {
      before = current;
      current = step(constantsToInitializers(current));
      current = step(removeIdentities(current, "constants"));
      current = step(await foldConstants(current, this.#evaluate));
      current = step(inlineConstantIfs(current));
    } while (current !== before);
    const given = new Set(borrowed);
    const own = graphOf(current).initializer.filter((tensor) => !given.has(tensor));
    const folded = await this.within(graphOf(withGraph(current, { initializer: own })), outer);
    const index = new GraphIndex(folded);
    const isRead = (name: string) => index.isOutput(name) || index.uses(name).length > 0;
    return withFields(folded, { initializer: own.filter(({ name }) => isRead(name)) });
  }
}

/** The constants around a graph that it does not give another meaning. */
function visibleIn(graph: GraphProto, outer: Constants): Map<string, TensorProto> {
  const own = [...graph.input, ...graph.initializer].map(({ name }) => name);
  const hidden = new Set([...own, ...graph.node.flatMap(({ output }) => output)]);
  return new Map([...outer].filter(([name]) => !hidden.has(name)));
}
