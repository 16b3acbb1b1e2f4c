import { subgraphsOf } from "../onnx/attributes.ts";
import { type ElementTypes, inferElementTypes } from "../onnx/elementTypes.ts";
import { isDefaultDomain } from "../onnx/opset.ts";
import { TensorProto_DataType as Code, type GraphProto } from "../onnx/proto/onnx_pb.ts";

/** What makes float64 the type of a network rather than of a few sums beside it. */
const LAYERS = new Set(["Conv", "ConvTranspose", "Gemm", "GRU", "LSTM", "MatMul", "RNN"]);

/** The float64 tensors of a graph and its subgraphs that are bound to be of one type with what a layer with weights reads or makes. */
export function doublesOfLayers(graph: GraphProto): ReadonlySet<string> {
  const bound = new Bound();
  collect(graph, new Map(), bound);
  return bound.marked();
}

function collect(graph: GraphProto, outer: ElementTypes, bound: Bound): void {
  const types = inferElementTypes(graph, outer);
  for (const node of graph.node) {
    const bodies = subgraphsOf(node);
    const ports = bodies.flatMap((body) => {
      collect(body, types, bound);
      const inner = inferElementTypes(body, types);
      return [...body.input, ...body.output].filter(({ name }) => inner.get(name) === Code.DOUBLE);
    });
    const own = [...node.input, ...node.output].filter((name) => name && types.get(name) === Code.DOUBLE);
    const doubles = [...own, ...ports.map(({ name }) => name)];
    bound.bind(doubles, isDefaultDomain(node.domain) && LAYERS.has(node.opType));
  }
}

/** Tensors in sets that are of one type each; a name that two subgraphs use binds theirs together. */
class Bound {
  readonly #sets = new Map<string, { readonly names: string[]; isMarked: boolean }>();

  bind(names: readonly string[], isMarked: boolean): void {
    const [first] = names;
    if (first === undefined) return;
    const sets = new Set([...new Set(names)].map((name) => this.#sets.get(name) ?? { names: [name], isMarked: false }));
    const [largest, ...others] = [...sets].sort((a, b) => b.names.length - a.names.length);
    largest!.isMarked ||= isMarked || others.some((set) => set.isMarked);
    for (const other of others) largest!.names.push(...other.names);
    for (const name of [first, ...others.flatMap((set) => set.names)]) this.#sets.set(name, largest!);
  }

  marked(): Set<string> {
    return new Set([...this.#sets].filter(([, { isMarked }]) => isMarked).map(([name]) => name));
  }
}
