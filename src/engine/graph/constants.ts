import { create } from "@bufbuild/protobuf";
import { own } from "../model/record.ts";
import type { Tensor } from "../model/tensor.ts";
import { attributeOf } from "../onnx/attributes.ts";
import { GraphIndex } from "../onnx/graph.ts";
import { withFields } from "../onnx/messages.ts";
import { isDefaultDomain } from "../onnx/opset.ts";
import {
  type GraphProto,
  GraphProtoSchema,
  type ModelProto,
  type NodeProto,
  type TensorProto,
  ValueInfoProtoSchema,
} from "../onnx/proto/onnx_pb.ts";
import { scalar, tensorProto, vector } from "../onnx/tensor.ts";
import { ConstantSizes } from "./constantSizes.ts";
import { isExact } from "./exact.ts";
import { type Evaluate, graphOf, type PassResult, withGraph } from "./pass.ts";
import { bytesOf } from "./sizes.ts";

/** Turns Constant nodes into initialisers of the same name; those that hold strings or sparse tensors stay. */
export function constantsToInitializers(model: ModelProto): PassResult {
  const { graph, count } = liftConstants(graphOf(model));
  if (count === 0) return { model, changes: [] };
  return {
    model: withFields(model, { graph }),
    changes: [{ count, noun: "Constant node", what: "moved to the initialisers" }],
  };
}

/** The same of one graph, without those that its nodes hold; the same graph where there was nothing to do. */
export function liftConstants(graph: GraphProto): { readonly graph: GraphProto; readonly count: number } {
  const outputs = new Set(graph.output.map(({ name }) => name));
  const initializers: TensorProto[] = [];
  const node = graph.node.filter((candidate) => {
    const [name = ""] = candidate.output;
    const tensor = outputs.has(name) ? undefined : constantValue(candidate, name);
    if (tensor) initializers.push(tensor);
    return !tensor;
  });
  const count = initializers.length;
  if (count === 0) return { graph, count };
  return { graph: withFields(graph, { node, initializer: [...graph.initializer, ...initializers] }), count };
}

function constantValue(node: NodeProto, name: string): TensorProto | undefined {
  if (node.opType !== "Constant" || !isDefaultDomain(node.domain)) return undefined;
  const value = attributeOf(node, "value")?.t;
  if (value) return withFields(value, { name });
  const attribute = node.attribute[0];
  const tensors: Readonly<Record<string, () => Tensor>> = {
    value_float: () => scalar("float32", attribute?.f ?? 0),
    value_floats: () => vector("float32", attribute?.floats ?? []),
    value_int: () => scalar("int64", attribute?.i ?? 0n),
    value_ints: () => vector("int64", attribute?.ints ?? []),
  };
  const make = own(tensors, attribute?.name ?? "");
  return make && tensorProto(name, make());
}

/**
 * Computes in advance what follows from initialisers alone, by operators whose result is the same on every runtime,
 * and makes it initialisers. Nodes that make a graph output stay, and those whose result would be too large, which is told
 * from shapes before anything is computed.
 */
export async function foldConstants(model: ModelProto, evaluate: Evaluate): Promise<PassResult> {
  let current = model;
  let folded = 0;
  const tooLarge = new Set<string>();
  for (;;) {
    const { nodes, wanted, sizes } = foldable(current, tooLarge);
    if (nodes.length === 0) break;
    const large = wanted.filter((name) => {
      const size = sizes.size(name);
      return size?.dims && sizes.grows(name, bytesOf(size));
    });
    for (const name of large) tooLarge.add(name);
    if (large.length > 0) continue;
    const values =
      wanted.length === 0 ? new Map<string, Tensor>() : await evaluate(constantModel(current, nodes, wanted));
    const grown = wanted.filter((name) => sizes.grows(name, values.get(name)?.data.byteLength ?? 0));
    for (const name of grown) tooLarge.add(name);
    if (grown.length > 0) continue;
    current = replace(current, nodes, values);
    folded += nodes.length;
  }
  if (folded === 0) return { model, changes: [] };
  return { model: current, changes: [{ count: folded, noun: "constant layer", what: "computed in advance" }] };
}

interface Foldable {
  readonly nodes: readonly NodeProto[];
  /** What other nodes read of them. */
  readonly wanted: readonly string[];
  readonly sizes: ConstantSizes;
}

function foldable(model: ModelProto, tooLarge: ReadonlySet<string>): Foldable {
  const graph = graphOf(model);
  const index = new GraphIndex(graph);
  const sizes = new ConstantSizes(index);
  const nodes = new Set<NodeProto>();
  for (const node of graph.node) {
    if (!sizes.readsConstants(node)) continue;
    if (node.output.some((name) => index.isOutput(name) || tooLarge.has(name))) continue;
    if (isExact(node, (name) => index.initializer(name)) && sizes.take(node)) nodes.add(node);
  }
  const wanted = [...nodes]
    .flatMap(({ output }) => output)
    .filter((name) => index.consumers(name).some((reader) => !nodes.has(reader)));
  return { nodes: [...nodes], wanted, sizes };
}

/** A model of constant nodes that gives what is wanted of them; `more` are initialisers beside those of the model. */
export function constantModel(
  model: ModelProto,
  nodes: readonly NodeProto[],
  wanted: readonly string[],
  more: readonly TensorProto[] = [],
): ModelProto {
  const read = new Set(nodes.flatMap(({ input }) => input));
  return withFields(model, {
    graph: create(GraphProtoSchema, {
      name: "constants",
      node: [...nodes],
      initializer: [...graphOf(model).initializer, ...more].filter(({ name }) => read.has(name)),
      output: wanted.map((name) => create(ValueInfoProtoSchema, { name })),
    }),
  });
}

/** The model with initialisers in the place of nodes. */
export function replace(
  model: ModelProto,
  nodes: readonly NodeProto[],
  values: ReadonlyMap<string, Tensor>,
): ModelProto {
  const graph = graphOf(model);
  const gone = new Set(nodes);
  return withGraph(model, {
    node: graph.node.filter((node) => !gone.has(node)),
    initializer: [...graph.initializer, ...[...values].map(([name, tensor]) => tensorProto(name, tensor))],
  });
}
