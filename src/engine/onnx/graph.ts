import { subgraphsOf } from "./attributes.ts";
import type { GraphProto, NodeProto, TensorProto, ValueInfoProto } from "./proto/onnx_pb.ts";

/** One reading of a tensor. */
export interface Use {
  readonly node: NodeProto;
  /** Position in `node.input`; -1 when a subgraph of the node reads the tensor from outside. */
  readonly input: number;
}

const NO_USES: readonly Use[] = [];

/**
 * Answers questions about one graph, as it was when the index was built. An initialiser counts as a constant even
 * when `graph.input` lists it too: before IR 4 every initialiser had to be listed, and exporters kept the habit.
 */
export class GraphIndex {
  readonly graph: GraphProto;
  /** Inputs a caller must feed: those without an initialiser. */
  readonly inputs: readonly ValueInfoProto[];
  readonly #producers = new Map<string, NodeProto>();
  readonly #uses = new Map<string, Use[]>();
  readonly #initializers = new Map<string, TensorProto>();
  readonly #inputNames: ReadonlySet<string>;
  readonly #outputNames: ReadonlySet<string>;
  readonly #ids = new Map<NodeProto, string>();
  readonly #nodes = new Map<string, NodeProto>();

  constructor(graph: GraphProto) {
    this.graph = graph;
    for (const tensor of graph.initializer) this.#initializers.set(tensor.name, tensor);
    this.inputs = graph.input.filter(({ name }) => !this.#initializers.has(name));
    this.#inputNames = new Set(this.inputs.map(({ name }) => name));
    this.#outputNames = new Set(graph.output.map(({ name }) => name));
    const names = new Set(graph.node.map(({ name }) => name));
    for (const node of graph.node) {
      this.#name(node, names);
      for (const output of node.output) if (output) this.#producers.set(output, node);
      for (const [input, tensor] of node.input.entries()) if (tensor) this.#use(tensor, { node, input });
      for (const tensor of capturedBy(node)) this.#use(tensor, { node, input: -1 });
    }
  }

  /** The node that makes a tensor; undefined for inputs and initialisers. */
  producer(tensor: string): NodeProto | undefined {
    return this.#producers.get(tensor);
  }

  /** Every reading of a tensor by this graph's nodes, in graph order; a node that reads it twice is there twice. */
  uses(tensor: string): readonly Use[] {
    return this.#uses.get(tensor) ?? NO_USES;
  }

  /** The nodes that read a tensor, themselves or in a subgraph, each once, in graph order. */
  consumers(tensor: string): NodeProto[] {
    return [...new Set(this.uses(tensor).map(({ node }) => node))];
  }

  initializer(tensor: string): TensorProto | undefined {
    return this.#initializers.get(tensor);
  }

  /** Whether a tensor must be fed by the caller. */
  isInput(tensor: string): boolean {
    return this.#inputNames.has(tensor);
  }

  isOutput(tensor: string): boolean {
    return this.#outputNames.has(tensor);
  }

  /** Whether anything in the graph is called so: an input, an initialiser or a node's output. */
  has(tensor: string): boolean {
    return this.isInput(tensor) || this.#initializers.has(tensor) || this.#producers.has(tensor);
  }

  /** The node's name, or operator and first output where it has none or shares it; unique in the graph. */
  id(node: NodeProto): string {
    const id = this.#ids.get(node);
    if (id === undefined) throw new Error(`${node.opType} is not a node of this graph`);
    return id;
  }

  node(id: string): NodeProto | undefined {
    return this.#nodes.get(id);
  }

  #use(tensor: string, use: Use): void {
    const uses = this.#uses.get(tensor);
    if (uses) uses.push(use);
    else this.#uses.set(tensor, [use]);
  }

  #name(node: NodeProto, names: ReadonlySet<string>): void {
    let id = node.name;
    if (!id || this.#nodes.has(id)) {
      id = `${node.opType}:${node.output.find(Boolean) ?? ""}`;
      while (this.#nodes.has(id) || names.has(id)) id += "'";
    }
    this.#ids.set(node, id);
    this.#nodes.set(id, node);
  }
}

/** Names that a node's subgraphs, at any depth, read from the graphs around them. */
export function capturedBy(node: NodeProto): Set<string> {
  const captured = new Set<string>();
  for (const graph of subgraphsOf(node)) {
    const own = new Set<string>();
    for (const { name } of [...graph.input, ...graph.initializer]) own.add(name);
    for (const { output } of graph.node) for (const name of output) own.add(name);
    const read = [
      ...graph.node.flatMap((inner) => [...inner.input, ...capturedBy(inner)]),
      ...graph.output.map(({ name }) => name),
    ];
    for (const name of read) if (name && !own.has(name)) captured.add(name);
  }
  return captured;
}
