import type { Recipe } from "../model/recipe.ts";
import type { Tensor } from "../model/tensor.ts";
import { intAttribute, makeNode } from "../onnx/attributes.ts";
import { GraphIndex } from "../onnx/graph.ts";
import { withFields } from "../onnx/messages.ts";
import { freshName, stemOf, tensorNames } from "../onnx/names.ts";
import { innerId } from "../onnx/nested.ts";
import { allNodes, RUNTIME_DOMAIN, withDomain } from "../onnx/opset.ts";
import type { GraphProto, ModelProto, NodeProto, TensorProto } from "../onnx/proto/onnx_pb.ts";
import { TensorProto_DataType as Code } from "../onnx/proto/onnx_pb.ts";
import { codesProto, dimsOf, inBits, type PackedTensor, tensorProto, vector } from "../onnx/tensor.ts";
import type { StoredLayer, StoredWeight } from "../plan/stored.ts";
import { storedHalves, storedWeight } from "../plan/storedWeight.ts";
import { elementCount } from "../values/dims.ts";
import { halfBits } from "../values/halfFloats.ts";

type Scaling = Pick<Recipe["weights"], "granularity" | "scales">;

/**
 * Keeps weights of layers that are computed in float in fewer bits: in int8 and int4 a Cast and a Mul by their scales give the values, in
 * float16 a Cast, which ONNX Runtime works out when it loads the model. A DequantizeLinear it would compute at every run. Scales of
 * blocks are first spread over their values, by Unsqueeze, Expand, Reshape and, where the last block is a part, Slice. int4 takes opset 21.
 * An LSTM that is computed in integers becomes ONNX Runtime's DynamicQuantizeLSTM, which reads the codes as they are.
 */
export function storeWeights(model: ModelProto, stored: readonly StoredLayer[], scaling: Scaling): ModelProto {
  const layers = stored.filter(({ weights }) => weights.length > 0);
  if (layers.length === 0 || !model.graph) return model;
  const written = withFields(model, { graph: new StoredWriter(model.graph, layers, scaling).write() });
  return layers.some(({ runTime }) => runTime === "integer") ? withDomain(written, RUNTIME_DOMAIN) : written;
}

/** Names of a weight's codes, of their scales and of their zero points. */
interface Codes {
  readonly codes: string;
  readonly scales: string;
  readonly zeros: string;
}

/** What DynamicQuantizeLSTM takes over of an LSTM; how it is laid out it has no word for. */
const LSTM_ATTRIBUTES: ReadonlySet<string> = new Set([
  ...["activation_alpha", "activation_beta", "activations", "clip", "direction", "hidden_size", "input_forget"],
]);
/** Inputs of an LSTM: x, w, r, biases, lengths, two states and peepholes. */
const LSTM_INPUTS = 8;

/** A graph on the way: its constants, and the values made of those that are kept in int8. */
interface Level {
  readonly constants: ReadonlyMap<string, TensorProto>;
  readonly made: ReadonlySet<string>;
  readonly values: Map<string, string>;
  readonly codes: Map<string, Codes>;
  readonly zeros: Map<number, string>;
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
      codes: new Map(),
      zeros: new Map(),
      nodes: [],
      initializers: [],
    };
    const levels = [level, ...outer];
    const index = new GraphIndex(graph);
    const node = graph.node.map((each) => {
      const id = idOf(index.id(each));
      const stored = this.#stored.get(id);
      if (stored?.runTime === "integer") return this.#atRunTime(each, stored.weights, levels);
      const input = [...each.input];
      for (const weight of stored?.weights ?? []) {
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
    const keys = [...level.values.keys(), ...level.codes.keys()];
    const replaced = new Set(keys.map((key) => JSON.parse(key)[0] as string));
    const kept = graph.initializer.filter(
      ({ name }) => !replaced.has(name) || read.isOutput(name) || read.uses(name).length > 0,
    );
    return withFields(written, { initializer: [...kept, ...level.initializers] });
  }

  /** An LSTM whose kernel finds the scales of what it reads at every step. */
  #atRunTime(node: NodeProto, weights: readonly StoredWeight[], levels: readonly Level[]): NodeProto {
    const codesOf = (at: number) => this.#multiplied(weights.find(({ input }) => input === at) as StoredWeight, levels);
    const [w, r] = [codesOf(1), codesOf(2)];
    const given = Array.from({ length: LSTM_INPUTS }, (_, at) => node.input[at] ?? "");
    const input = [...given.with(1, w.codes).with(2, r.codes), w.scales, w.zeros, r.scales, r.zeros];
    const attribute = node.attribute.filter(({ name }) => LSTM_ATTRIBUTES.has(name));
    return withFields(node, { opType: "DynamicQuantizeLSTM", domain: RUNTIME_DOMAIN, input, attribute });
  }

  /** A weight as the kernel reads it, [directions, inputs, gates x cells], made where the weight is. */
  #multiplied(weight: StoredWeight, levels: readonly Level[]): Codes {
    const { name, axes } = weight;
    const level = levelOf(name, levels) as Level;
    const key = JSON.stringify([name, axes]);
    const known = level.codes.get(key);
    if (known) return known;
    const tensor = level.constants.get(name) as TensorProto;
    const [directions = 1, rows = 1, inputs = 1] = dimsOf(tensor);
    const { codes, scales, axis } = storedWeight({ ...weight, tensor }, this.#scaling);
    const [quantized, scale] = [this.#fresh(name, "_quantized"), this.#fresh(name, "_scale")];
    const along = axis === null ? [directions] : [directions, rows];
    const data = turned(codes as Int8Array, rows, inputs);
    level.initializers.push(
      tensorProto(quantized, { type: "int8", dims: [directions, inputs, rows], data }),
      tensorProto(scale, {
        type: "float32",
        dims: along,
        data: axis === null ? new Float32Array(directions).fill(scales[0] as number) : scales,
      }),
    );
    const made = { codes: quantized, scales: scale, zeros: this.#zeros(along, level) };
    level.codes.set(key, made);
    return made;
  }

  /** Zero points of a shape, which say nothing and are asked for. */
  #zeros(dims: readonly number[], level: Level): string {
    const count = elementCount(dims);
    const known = level.zeros.get(count);
    if (known !== undefined) return known;
    const name = this.#fresh("weight", "_zero_point");
    level.initializers.push(tensorProto(name, { type: "int8", dims, data: new Int8Array(count) }));
    level.zeros.set(count, name);
    return name;
  }

  /** The name of a weight's values, made where the weight is. */
  #value(stored: StoredWeight, levels: readonly Level[]): string | null {
    const { name, axes, type } = stored;
    const level = levelOf(name, levels);
    const tensor = level?.constants.get(name);
    if (!level || !tensor) return null;
    const key = JSON.stringify([name, axes, ...(type === "int8" ? [] : [type, stored.blockAxis])]);
    const known = level.values.get(key);
    if (known !== undefined) return known;
    const own = { ...stored, tensor };
    const value = type === "float16" ? this.#halves(own, level) : this.#codes(own, type, level);
    level.values.set(key, value);
    return value;
  }

  #fresh(weight: string, suffix: string): string {
    return freshName(this.#names, stemOf(weight) + suffix);
  }

  #halves(stored: StoredWeight, level: Level): string {
    const half = this.#fresh(stored.name, "_f16");
    const renamed = withFields(stored.tensor, { name: half });
    level.initializers.push(inBits(renamed, Code.FLOAT16, () => storedHalves(stored)));
    return this.#cast(stored.name, half, level);
  }

  /** A tensor as float32. */
  #cast(weight: string, from: string, level: Level, suffix = "_value"): string {
    const value = this.#fresh(weight, suffix);
    level.nodes.push(makeNode("Cast", [from], [value], { attributes: [intAttribute("to", Code.FLOAT)] }));
    return value;
  }

  #codes(stored: StoredWeight, type: "int8" | "int4", level: Level): string {
    const { name, axes, tensor } = stored;
    const dims = dimsOf(tensor);
    const { codes, scales, axis, blocks } = storedWeight(stored, this.#scaling);
    const along = axis === null ? [] : dims.map((size, at) => (axes.includes(at) ? size : 1));
    const quantized = this.#fresh(name, "_quantized");
    const scale = this.#fresh(name, "_scale");
    level.initializers.push(
      codesProto(quantized, { type, dims, data: codes } as Tensor | PackedTensor),
      this.#scales(
        scale,
        scales,
        blocks ? dims.map((dim, at) => (at === stored.blockAxis ? Math.ceil(dim / blocks.size) : dim)) : along,
        type,
      ),
    );
    const cast = this.#cast(name, quantized, level, "_quantized_cast");
    const wide = halvesOf(scales, type) ? this.#cast(name, scale, level, "_scale_cast") : scale;
    const factor = blocks ? this.#spread(name, wide, dims, stored.blockAxis!, blocks.size, level) : wide;
    const value = this.#fresh(name, "_value");
    level.nodes.push(makeNode("Mul", [cast, factor], [value]));
    return value;
  }

  #scales(name: string, scales: Float32Array, dims: readonly number[], type: "int8" | "int4"): TensorProto {
    const halves = halvesOf(scales, type);
    return tensorProto(
      name,
      halves ? { type: "float16", dims, data: halves } : { type: "float32", dims, data: scales },
    );
  }

  /** Scales of blocks, one for each value. */
  #spread(weight: string, scale: string, dims: readonly number[], axis: number, size: number, level: Level): string {
    const blocks = Math.ceil((dims[axis] as number) / size);
    const constant = (suffix: string, values: readonly number[]) => {
      const name = this.#fresh(weight, suffix);
      level.initializers.push(tensorProto(name, vector("int64", values.map(BigInt))));
      return name;
    };
    const step = (operator: string, inputs: readonly string[], suffix: string) => {
      const made = this.#fresh(weight, suffix);
      level.nodes.push(makeNode(operator, inputs, [made]));
      return made;
    };
    const before = dims.slice(0, axis);
    const after = dims.slice(axis + 1);
    const apart = step("Unsqueeze", [scale, constant("_scale_axis", [axis + 1])], "_scale_apart");
    const shape = constant("_scale_shape", [...before, blocks, size, ...after]);
    const repeated = step("Expand", [apart, shape], "_scale_repeated");
    const whole = constant("_scale_whole", [...before, blocks * size, ...after]);
    const joined = step("Reshape", [repeated, whole], "_scale_joined");
    if (blocks * size === dims[axis]) return joined;
    const cut = [
      constant("_scale_from", [0]),
      constant("_scale_to", [dims[axis] as number]),
      constant("_scale_along", [axis]),
    ];
    return step("Slice", [joined, ...cut], "_scale_cut");
  }
}

/** The bits of scales that are kept in float16, which then holds each of them. */
function halvesOf(scales: Float32Array, type: "int8" | "int4"): Uint16Array | null {
  return type === "int4" ? halfBits(scales) : null;
}

function levelOf(name: string, levels: readonly Level[]): Level | undefined {
  return levels.find(({ constants, made }) => constants.has(name) || made.has(name));
}

/** Matrices one after the other, [rows, columns] each, turned over. */
function turned(codes: Int8Array, rows: number, columns: number): Int8Array {
  const size = rows * columns;
  return codes.map((_, at) => {
    const place = at % size;
    return codes[at - place + (place % rows) * columns + Math.floor(place / rows)] as number;
  });
}
