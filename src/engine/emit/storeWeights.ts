import type { Recipe } from "../model/recipe.ts";
import { intAttribute, makeNode } from "../onnx/attributes.ts";
import { GraphIndex } from "../onnx/graph.ts";
import { withFields } from "../onnx/messages.ts";
import { freshName, stemOf, tensorNames } from "../onnx/names.ts";
import { allNodes } from "../onnx/opset.ts";
import type { GraphProto, ModelProto, NodeProto, TensorProto } from "../onnx/proto/onnx_pb.ts";
import { TensorProto_DataType as Code } from "../onnx/proto/onnx_pb.ts";
import { dimsOf, tensorProto } from "../onnx/tensor.ts";
import { innerId } from "../plan/nested.ts";
import type { StoredLayer, StoredWeight } from "../plan/stored.ts";
import { storedWeight } from "../plan/storedWeight.ts";

type Scaling = Pick<Recipe["weights"], "granularity" | "scales">;

/**
 * Keeps weights of layers that are computed in float in int8: a Cast and a Mul by their scales give the values, which
 * ONNX Runtime works out when it loads the model. A DequantizeLinear it would compute at every run.
 */
export function storeWeights(model: ModelProto, stored: readonly StoredLayer[], scaling: Scaling): ModelProto {
  const layers = stored.filter(({ weights }) => weights.length > 0);
  if (layers.length === 0 || !model.graph) return model;
  return withFields(model, { graph: new StoredWriter(model.graph, layers, scaling).write() });
}

/** A graph on the way: its constants, and the values made of those that are kept in int8. */
interface Level {
  readonly constants: ReadonlyMap<string, TensorProto>;
  readonly made: ReadonlySet<string>;
  readonly values: Map<string, string>;
  readonly nodes: NodeProto[];
  readonly initializers: TensorProto[];
}

class StoredWriter {
  readonly #graph: GraphProto;
  readonly #stored: ReadonlyMap<string, StoredLayer>;
  readonly #scaling: Scaling;
  readonly #names: Set<string>;

  constructor(graph: GraphProto, stored: readonly StoredLayer[], scaling: Scaling) {
    this.#graph = graph;
    this.#stored = new Map(stored.map((each) => [each.layer.id, each]));
    this.#scaling = scaling;
    this.#names = tensorNames(graph);
    for (const { name } of allNodes(graph)) this.#names.add(name);
  }

  write(): GraphProto {
    return this.#write(this.#graph, [], (id) => id);
  }

  #write(graph: GraphProto, outer: readonly Level[], idOf: (id: string) => string): GraphProto {
    const level: Level = {
      constants: new Map(graph.initializer.map((tensor) => [tensor.name, tensor])),
      made: new Set([...graph.input.map(({ name }) => name), ...graph.node.flatMap(({ output }) => output)]),
      values: new Map(),
      nodes: [],
      initializers: [],
    };
    const levels = [level, ...outer];
    const index = new GraphIndex(graph);
    const node = graph.node.map((each) => {
      const id = idOf(index.id(each));
      const input = [...each.input];
      for (const weight of this.#stored.get(id)?.weights ?? []) {
        input[weight.input] = this.#value(weight, levels) ?? weight.name;
      }
      const bodies = (name: string, body: GraphProto) => this.#write(body, levels, (inner) => innerId(id, name, inner));
      const attribute = each.attribute.map((held) =>
        held.g || held.graphs.length > 0
          ? withFields(held, {
              g: held.g && bodies(held.name, held.g),
              graphs: held.graphs.map((body) => bodies(held.name, body)),
            })
          : held,
      );
      return withFields(each, { input, attribute });
    });
    const written = withFields(graph, { node: [...level.nodes, ...node] });
    const read = new GraphIndex(written);
    const replaced = new Set([...level.values.keys()].map((key) => JSON.parse(key)[0] as string));
    const kept = graph.initializer.filter(
      ({ name }) => !replaced.has(name) || read.isOutput(name) || read.uses(name).length > 0,
    );
    return withFields(written, { initializer: [...kept, ...level.initializers] });
  }

  /** The name of a weight's values, made where the weight is. */
  #value({ name, axes }: StoredWeight, levels: readonly Level[]): string | null {
    const level = levels.find(({ constants, made }) => constants.has(name) || made.has(name));
    const proto = level?.constants.get(name);
    if (!level || !proto) return null;
    const key = JSON.stringify([name, axes]);
    const known = level.values.get(key);
    if (known !== undefined) return known;
    const dims = dimsOf(proto);
    const { codes, scales, axis } = storedWeight(proto, axes, this.#scaling);
    const along = axis === null ? [] : dims.map((size, at) => (axes.includes(at) ? size : 1));
    const [quantized, scale, cast, value] = ["_quantized", "_scale", "_quantized_cast", "_value"].map((suffix) =>
      freshName(this.#names, stemOf(name) + suffix),
    ) as [string, string, string, string];
    level.initializers.push(
      tensorProto(quantized, { type: "int8", dims, data: codes }),
      tensorProto(scale, { type: "float32", dims: along, data: scales }),
    );
    level.nodes.push(
      makeNode("Cast", [quantized], [cast], { attributes: [intAttribute("to", Code.FLOAT)] }),
      makeNode("Mul", [cast, scale], [value]),
    );
    level.values.set(key, value);
    return value;
  }
}
