import { create } from "@bufbuild/protobuf";
import { nearestHalves } from "../encode/halves.ts";
import type { Numbers } from "../encode/numbers.ts";
import { attributeOf, intAttribute, makeNode, subgraphsOf, tensorAttribute } from "../onnx/attributes.ts";
import { type ElementTypes, inferElementTypes } from "../onnx/elementTypes.ts";
import { GraphIndex } from "../onnx/graph.ts";
import { withFields } from "../onnx/messages.ts";
import { freshName, stemOf, tensorNames } from "../onnx/names.ts";
import { innerId } from "../onnx/nested.ts";
import {
  TensorProto_DataType as Code,
  type GraphProto,
  type ModelProto,
  type NodeProto,
  type TensorProto,
  TypeProto_TensorSchema,
  TypeProtoSchema,
  type ValueInfoProto,
} from "../onnx/proto/onnx_pb.ts";
import { filled, inBits, passingFloats, tensorProto } from "../onnx/tensor.ts";
import { READS_ANY } from "../plan/halfLayers.ts";
import type { HalfPlan } from "../plan/halfPlan.ts";
import { BFLOAT, nearest } from "../values/halfFloats.ts";
import type { Emitted, Writer } from "./emitted.ts";

/**
 * float16, or computed bfloat16: constants and what layers make, but for layers that the plan leaves in float32, with a Cast, one a tensor, where the two
 * meet; in the graphs that layers hold too. Inputs and outputs of the model stay float32 but for those that the plan names.
 */
export const writeFloat16: Writer = (model, plan, numbers) => {
  if (!plan.half) throw new Error("a plan of a float of 16 bits says what is in it");
  const { index } = plan;
  return writeHalves(model, { graph: index.graph, half: plan.half, idOf: (node) => index.id(node) }, numbers);
};

/** A graph to write in float16, and what its plan calls each node. */
export interface Halved {
  readonly graph: GraphProto;
  readonly half: HalfPlan;
  readonly idOf: (node: NodeProto) => string;
}

export function writeHalves(model: ModelProto, halved: Halved, numbers: Numbers): Emitted {
  return new HalfWriter(model, halved, numbers).write();
}

/** A graph on the way, and what it gives a meaning of its own. */
interface Level {
  readonly outer: Level | null;
  readonly graph: GraphProto;
  readonly idOf: (node: NodeProto) => string;
  /** What a float input or output is. */
  readonly portOf: (name: string) => Code;
  /** Types in float32, and those of float tensors as they are written. */
  readonly before: ElementTypes;
  readonly written: Map<string, Code>;
  /** What readers want of each of its constants. */
  readonly wanted: Map<string, Set<Code>>;
  /** What a tensor is called in another type than its own, and in its own where that is not its name. */
  readonly called: Map<string, string>;
  readonly casts: Map<string, NodeProto[]>;
  readonly bodies: Map<GraphProto, Level>;
}

type Read = (name: string, type: Code) => string;

const keyOf = (name: string, type: Code) => `${type} ${name}`;

class HalfWriter {
  readonly #model: ModelProto;
  readonly #ports: HalfPlan["ports"];
  readonly #layers: ReadonlySet<string>;
  readonly #numbers: Numbers;
  /** The float of 16 bits. */
  readonly #short: Code;
  readonly #root: Level;
  readonly #names: Set<string>;
  readonly #unrounded = new Map<string, string>();

  constructor(
    model: ModelProto,
    { graph, half: { type, layers, ports, types, ends }, idOf }: Halved,
    numbers: Numbers,
  ) {
    this.#model = model;
    this.#ports = ports;
    this.#layers = layers;
    this.#numbers = numbers;
    this.#short = type === "bfloat16" ? Code.BFLOAT16 : Code.FLOAT16;
    this.#names = tensorNames(graph);
    const portOf = (name: string) => (ends.has(name) ? this.#short : Code.FLOAT);
    this.#root = this.#level(graph, null, types, portOf, idOf);
  }

  write(): Emitted {
    this.#settle(this.#root);
    const graph = this.#write(this.#root);
    const model = withFields(this.#model, { producerName: "octet", producerVersion: "", graph });
    return { model, unrounded: this.#unrounded, rounded: new Map() };
  }

  #isHalf(level: Level, node: NodeProto): boolean {
    return this.#layers.has(level.idOf(node));
  }

  #level(
    graph: GraphProto,
    outer: Level | null,
    types: ElementTypes,
    portOf: Level["portOf"],
    idOf: Level["idOf"],
  ): Level {
    const level: Level = {
      outer,
      graph,
      idOf,
      portOf,
      before: types,
      written: new Map(),
      wanted: new Map(graph.initializer.map((tensor) => [tensor.name, new Set<Code>()])),
      called: new Map(),
      casts: new Map(),
      bodies: new Map(),
    };
    for (const node of graph.node) {
      const id = level.idOf(node);
      const inner = this.#isHalf(level, node) ? this.#short : Code.FLOAT;
      for (const { name: attribute, g, graphs } of node.attribute) {
        for (const body of g ? [g, ...graphs] : graphs) {
          const index = new GraphIndex(body);
          const nameOf = (each: NodeProto) => innerId(id, attribute, index.id(each));
          level.bodies.set(
            body,
            this.#level(body, level, inferElementTypes(body, types), () => inner, nameOf),
          );
        }
      }
    }
    return level;
  }

  /** What a node reads an input as; undefined where it takes what there is. */
  #wants(level: Level, node: NodeProto, input: number): Code | undefined {
    if (level.before.get(node.input[input] ?? "") !== Code.FLOAT || READS_ANY.has(node.opType)) return undefined;
    if (!this.#isHalf(level, node)) return Code.FLOAT;
    return this.#ports.get(node.opType)?.inputs?.includes(input) ? Code.FLOAT : this.#short;
  }

  /** Settles as what each float tensor is written. */
  #settle(level: Level): void {
    const { graph, before, written, portOf } = level;
    const isFloat = (name: string) => before.get(name) === Code.FLOAT;
    for (const { name } of graph.input) if (isFloat(name)) written.set(name, portOf(name));
    for (const node of graph.node) {
      for (const [input, name] of node.input.entries()) {
        const type = this.#wants(level, node, input);
        if (type !== undefined) levelOf(level, name)?.wanted.get(name)?.add(type);
      }
      const floats = this.#ports.get(node.opType)?.outputs;
      for (const [output, name] of node.output.entries()) {
        if (!name || !isFloat(name)) continue;
        written.set(name, this.#isHalf(level, node) && !floats?.includes(output) ? this.#short : Code.FLOAT);
      }
      for (const body of bodiesOf(level, node)) this.#settle(body);
    }
    for (const { name } of graph.output) if (isFloat(name)) levelOf(level, name)?.wanted.get(name)?.add(portOf(name));
    for (const [name, types] of level.wanted) {
      const isHalf = types.has(this.#short) && types.size === 1;
      if (isFloat(name)) written.set(name, isHalf ? this.#short : Code.FLOAT);
    }
    if (level.outer !== null) return;
    const made = new Set(graph.node.flatMap(({ output }) => output));
    for (const { name } of graph.output) {
      const [own, port] = [written.get(name), portOf(name)];
      if (!made.has(name) || own === undefined || own === port) continue;
      const inner = this.#fresh(name, own);
      level.called.set(keyOf(name, own), inner).set(keyOf(name, port), name);
      level.casts.set(name, [castNode(inner, name, port)]);
    }
  }

  #write(level: Level): GraphProto {
    const { graph, written, portOf } = level;
    const own = (name: string) => level.called.get(keyOf(name, written.get(name) ?? Code.UNDEFINED)) ?? name;
    const read: Read = (name, type) => this.#read(level, name, type);
    const nodes = graph.node.map((node) => {
      const input = node.input.map((name, at) => {
        const type = this.#wants(level, node, at);
        return type === undefined ? this.#asItIs(level, name) : read(name, type);
      });
      const output = node.output.map(own);
      this.#unrounded.set(level.idOf(node), output[0] ?? "");
      const bodies = new Map(bodiesOf(level, node).map((body) => [body.graph, this.#write(body)]));
      return withFields(this.#node(level, node, bodies), { input, output });
    });
    const output = graph.output.map((info) => {
      if (level.before.get(info.name) !== Code.FLOAT) return info;
      const port = portOf(info.name);
      return typed(level.outer === null ? info : withFields(info, { name: read(info.name, port) }), port);
    });
    const before = graph.node.flatMap((node, at) => [
      nodes[at] as NodeProto,
      ...node.output.flatMap((name) => level.casts.get(name) ?? []),
    ]);
    const given = new Set([...graph.input, ...graph.initializer].map(({ name }) => name));
    return withFields(graph, {
      node: [...[...given].flatMap((name) => level.casts.get(name) ?? []), ...before],
      initializer: graph.initializer.map((tensor) =>
        written.get(tensor.name) === this.#short ? this.#narrow(tensor, level.outer === null) : tensor,
      ),
      input: graph.input.map((info) => typed(info, written.get(info.name))),
      output,
      valueInfo: graph.valueInfo.map((info) =>
        own(info.name) === info.name ? typed(info, written.get(info.name)) : info,
      ),
    });
  }

  /** The name of a tensor in a type, with a Cast where it is made when it is another one. */
  #read(from: Level, name: string, type: Code): string {
    const level = levelOf(from, name);
    const own = level?.written.get(name);
    if (!level || own === undefined) return name;
    const key = keyOf(name, type);
    const known = level.called.get(key);
    if (known !== undefined) return known;
    if (own === type) return name;
    const cast = this.#fresh(name, type);
    level.called.set(key, cast);
    level.casts.set(name, [...(level.casts.get(name) ?? []), castNode(this.#asItIs(level, name), cast, type)]);
    return cast;
  }

  #asItIs(from: Level, name: string): string {
    const level = levelOf(from, name);
    return level?.called.get(keyOf(name, level.written.get(name) ?? Code.UNDEFINED)) ?? name;
  }

  #fresh(name: string, type: Code): string {
    return freshName(
      this.#names,
      stemOf(name) + (type === Code.FLOAT ? "_f32" : type === Code.BFLOAT16 ? "_bf16" : "_f16"),
    );
  }

  #node(level: Level, node: NodeProto, bodies: ReadonlyMap<GraphProto, GraphProto>): NodeProto {
    const makesHalf = this.#isHalf(level, node) && level.before.get(node.output[0] ?? "") === Code.FLOAT;
    const attribute = node.attribute.map((each) => {
      if (each.g || each.graphs.length > 0) {
        const g = each.g && bodies.get(each.g);
        return withFields(each, { g, graphs: each.graphs.map((graph) => bodies.get(graph) ?? graph) });
      }
      if (!makesHalf) return each;
      if (node.opType === "Cast" && each.name === "to") return intAttribute("to", this.#short);
      return each.name === "value" && each.t ? withFields(each, { t: this.#narrow(each.t, false) }) : each;
    });
    if (makesHalf && node.opType === "ConstantOfShape" && !attributeOf(node, "value")) {
      const zero = tensorProto("", { type: "float32", dims: [1], data: filled("float32", 1, 0) });
      attribute.push(tensorAttribute("value", this.#narrow(zero, false)));
    }
    const reads = levelOf(level, node.input[0] ?? "")?.written.get(node.input[0] ?? "");
    // ONNX Runtime's own casts take one between equal types for another one when it optimizes nothing.
    if (makesHalf && node.opType === "Cast" && reads === this.#short)
      return makeNode("Identity", [], [], { name: node.name });
    return withFields(node, { attribute });
  }

  /** `isOwn`: whether the constant is one of the model's own graph, of which some are encoded. */
  #narrow(tensor: TensorProto, isOwn: boolean): TensorProto {
    if (tensor.dataType !== Code.FLOAT) return tensor;
    const known = isOwn ? this.#numbers.halves.get(tensor.name) : undefined;
    const narrow = (values: Float32Array) =>
      this.#short === Code.BFLOAT16 ? nearest(values, BFLOAT) : nearestHalves(values);
    return inBits(tensor, this.#short, known ?? (() => narrow(passingFloats(tensor))));
  }
}

/** The graph on the way in which a name has its meaning. */
function levelOf(level: Level, name: string): Level | null {
  for (let each: Level | null = level; each; each = each.outer) {
    if (each.written.has(name) || each.wanted.has(name)) return each;
    const { graph } = each;
    if (graph.input.some((info) => info.name === name)) return each;
  }
  return null;
}

function bodiesOf(level: Level, node: NodeProto): Level[] {
  return subgraphsOf(node).flatMap((body) => level.bodies.get(body) ?? []);
}

function castNode(from: string, to: string, type: Code): NodeProto {
  return makeNode("Cast", [from], [to], { attributes: [intAttribute("to", type)] });
}

/** A tensor's type with other elements; itself where they are the same or it is no tensor. */
function typed(info: ValueInfoProto, elemType: Code | undefined): ValueInfoProto {
  const value = info.type?.value;
  if (value?.case !== "tensorType" || elemType === undefined || value.value.elemType === elemType) return info;
  const tensor = create(TypeProto_TensorSchema, { ...value.value, elemType });
  return withFields(info, { type: create(TypeProtoSchema, { value: { case: "tensorType", value: tensor } }) });
}
