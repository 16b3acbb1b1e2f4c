import { create } from "@bufbuild/protobuf";
import { graphOf, withGraph } from "../graph/pass.ts";
import type { Tensor } from "../model/tensor.ts";
import { makeNode } from "../onnx/attributes.ts";
import { GraphIndex } from "../onnx/graph.ts";
import { withFields } from "../onnx/messages.ts";
import { renameTensors, tensorNames } from "../onnx/names.ts";
import {
  AttributeProtoSchema,
  AttributeProto_AttributeType as AttributeType,
  type GraphProto,
  GraphProtoSchema,
  type ModelProto,
  type NodeProto,
  type TensorProto,
  TensorProtoSchema,
  TypeProtoSchema,
  type ValueInfoProto,
  ValueInfoProtoSchema,
} from "../onnx/proto/onnx_pb.ts";
import { dataTypeCode, filled } from "../onnx/tensor.ts";
import { deferredOf, rawLength } from "../onnx/tensorBytes.ts";
import type { DataType } from "../values/elementTypes.ts";
import type { Segment, Unit } from "./units.ts";

/** What a segment may do: run whole in one of two ways, run unit by unit, or hand on what it is fed. */
export type SegmentMode = "float" | "quantized" | "mixed" | "passed";

export interface SwitchedParts {
  /** The model whose inputs, outputs, opsets and metadata it takes. */
  readonly model: ModelProto;
  readonly units: readonly Unit[];
  /** What each unit may be, as a model of its own; of several, the first is what it is unless told otherwise. */
  readonly forms: readonly ReadonlyMap<string, ModelProto>[];
  readonly segments: readonly (Segment & { readonly float: ModelProto; readonly quantized: ModelProto })[];
  /** Of tensors that segments make. */
  readonly types: ReadonlyMap<string, DataType | "other">;
  /** No dimensions are those of a scalar, or of a tensor of which not even their number is known. */
  readonly dims: ReadonlyMap<string, readonly number[]>;
  /** Whether segments that run whole have copies of their convolutions' weights, which lets the runtime pack them. */
  readonly isCopied: boolean;
}

export interface SwitchedModel {
  readonly model: ModelProto;
  /** The tensors that segments make, each an output of the model. */
  readonly carried: readonly string[];
  /**
   * What to feed beside the model's own inputs, so that segments run as `modes` says and the units of mixed ones in the
   * forms of `formOf`. `passed` has what passed segments made.
   */
  feeds(
    modes: readonly SegmentMode[],
    formOf: (unit: number) => string,
    passed: ReadonlyMap<string, Tensor>,
  ): Map<string, Tensor>;
}

/** Nodes of a subgraph, and the names its outputs have there. */
interface Body {
  readonly node: readonly NodeProto[];
  readonly initializer: readonly TensorProto[];
  readonly output: readonly string[];
}

/** Smaller constants, vectors and codes are beside each node that reads them: there the runtime recognises parameters and packs weights. */
const SHARED_BYTES = 2 ** 16;

/**
 * One model that holds every form of every unit. Switches, fed at each run, say what runs: each segment is an If (ONNX)
 * that runs its nodes or passes on tensors fed in their place, so that what came before them is not computed again, and
 * each unit of a segment in "mixed" mode is an If over its forms. Large weights are in it once.
 */
export function switchedModel(parts: SwitchedParts): SwitchedModel {
  return new SwitchedWriter(parts).write();
}

class SwitchedWriter {
  readonly #parts: SwitchedParts;
  /** Begins every name of this writer's own. */
  readonly #mark: string;
  readonly #shared = new Map<string, TensorProto>();
  readonly #buffers = new Map<object, number>();
  #bodies = 0;
  #switches = 0;

  constructor(parts: SwitchedParts) {
    this.#parts = parts;
    const names = [...tensorNames(graphOf(parts.model))];
    let mark = "@";
    while (names.some((name) => name.startsWith(mark))) mark += "@";
    this.#mark = mark;
  }

  write(): SwitchedModel {
    const { model, segments, units, types, dims, isCopied } = this.#parts;
    const graph = graphOf(model);
    const node: NodeProto[] = [];
    const segmentSwitches = segments.map(() => [this.#switch(), this.#switch(), this.#switch()] as const);
    const unitSwitches: ReadonlyMap<string, number>[] = units.map(() => new Map());
    for (const [i, segment] of segments.entries()) {
      if (segment.makes.length === 0) continue;
      const [passed, float, quantized] = segmentSwitches[i]!;
      const cases = [
        [float, this.#embed(segment.float, (name) => name, isCopied)],
        [quantized, this.#embed(segment.quantized, (name) => name, isCopied)],
        [passed, this.#passing(segment)],
      ] as const;
      node.push(this.#choose(segment.makes, cases, this.#mixed(segment, unitSwitches)));
    }
    const carried = segments.flatMap(({ makes }) => makes);
    const input = [
      ...new GraphIndex(graph).inputs,
      this.#port(`${this.#mark}switches`, "bool", [this.#switches]),
      ...carried.map((name) => this.#port(this.#fed(name), types.get(name) as DataType, null)),
    ];
    const made = new Set(carried);
    const output = graph.output.filter(({ name }) => made.has(name));
    const outputs = new Set(output.map(({ name }) => name));
    const inner = carried.filter((name) => !outputs.has(name));
    const switched = withGraph(model, {
      node: [this.#split(), ...node],
      input,
      output: [...output, ...inner.map((name) => create(ValueInfoProtoSchema, { name }))],
      valueInfo: inner.flatMap((name) => {
        const shape = dims.get(name) ?? [];
        return shape.length > 0 ? [this.#port(name, types.get(name) as DataType, shape)] : [];
      }),
      initializer: [...this.#shared.values(), this.#sizes()],
    });
    const empty = new Map(
      carried.map((name): [string, Tensor] => {
        const type = types.get(name) as DataType;
        return [this.#fed(name), { type, dims: [0], data: filled(type, 0, 0) }];
      }),
    );
    return {
      model: switched,
      carried,
      feeds: (modes, formOf, passed) => {
        const switches = new Uint8Array(this.#switches);
        const feeds = new Map(empty);
        for (const [i, segment] of segments.entries()) {
          const mode = modes[i]!;
          const at = ["passed", "float", "quantized"].indexOf(mode);
          if (at >= 0) switches[segmentSwitches[i]![at]!] = 1;
          if (mode === "passed") for (const name of segment.makes) feeds.set(this.#fed(name), passed.get(name)!);
          if (mode !== "mixed") continue;
          for (let unit = segment.from; unit < segment.to; unit++) {
            const bit = unitSwitches[unit]!.get(formOf(unit));
            if (bit !== undefined) switches[bit] = 1;
          }
        }
        feeds.set(`${this.#mark}switches`, { type: "bool", dims: [switches.length], data: switches });
        return feeds;
      },
    };
  }

  #switch(): number {
    return this.#switches++;
  }

  #switchName(number: number): string {
    return `${this.#mark}switch:${number}`;
  }

  #fed(tensor: string): string {
    return `${this.#mark}fed:${tensor}`;
  }

  #split(): NodeProto {
    const names = Array.from({ length: this.#switches }, (_, i) => this.#switchName(i));
    return makeNode("Split", [`${this.#mark}switches`, `${this.#mark}sizes`], names);
  }

  /** In a typed field, which stays in the file: the runtime wants to see it when it infers shapes. */
  #sizes(): TensorProto {
    return create(TensorProtoSchema, {
      name: `${this.#mark}sizes`,
      dataType: dataTypeCode("int64"),
      dims: [BigInt(this.#switches)],
      int64Data: new Array(this.#switches).fill(1n),
    });
  }

  #passing({ makes }: Segment): Body {
    const prefix = this.#prefix();
    return {
      node: makes.map((name) => makeNode("Identity", [this.#fed(name)], [prefix + name])),
      initializer: [],
      output: makes.map((name) => prefix + name),
    };
  }

  #mixed(segment: Segment, switches: ReadonlyMap<string, number>[]): Body {
    const node: NodeProto[] = [];
    const initializer: TensorProto[] = [];
    const made = new Map<string, string>();
    const outer = (name: string) => made.get(name) ?? name;
    for (let unit = segment.from; unit < segment.to; unit++) {
      const { makes } = this.#parts.units[unit]!;
      const [[, first], ...others] = [...this.#parts.forms[unit]!] as [[string, ModelProto], ...[string, ModelProto][]];
      if (makes.length === 0) continue;
      const usual = this.#embed(first, outer, false);
      if (others.length === 0) {
        node.push(...usual.node);
        initializer.push(...usual.initializer);
        for (const [i, name] of makes.entries()) made.set(name, usual.output[i]!);
        continue;
      }
      const bits = new Map(others.map(([key]) => [key, this.#switch()]));
      switches[unit] = bits;
      const cases = others.map(([key, form]) => [bits.get(key)!, this.#embed(form, outer, false)] as const);
      const prefix = this.#prefix();
      node.push(
        this.#choose(
          makes.map((name) => prefix + name),
          cases,
          usual,
        ),
      );
      for (const name of makes) made.set(name, prefix + name);
    }
    return { node, initializer, output: segment.makes.map(outer) };
  }

  #prefix(): string {
    return `${this.#mark}${this.#bodies++}:`;
  }

  /** A model's nodes under names of their own; `inlined` weights of convolutions are copied. */
  #embed(model: ModelProto, outer: (name: string) => string, inlined: boolean): Body {
    const graph = graphOf(model);
    const prefix = this.#prefix();
    const renames = new Map(graph.input.map(({ name }) => [name, outer(name)]));
    for (const name of graph.node.flatMap(({ output }) => output)) if (name) renames.set(name, prefix + name);
    const initializer = graph.initializer.flatMap((tensor) => {
      const rank = tensor.dims.length;
      const isLarge = rawLength(tensor) > SHARED_BYTES && rank > 1;
      const isShared = isLarge && tensor.dataType === dataTypeCode("float32") && !(inlined && rank > 2);
      const name = isShared ? this.#share(tensor) : prefix + tensor.name;
      renames.set(tensor.name, name);
      return isShared ? [] : [withFields(tensor, { name })];
    });
    return {
      node: graph.node.map((node) => renameTensors(node, renames)),
      initializer,
      output: graph.output.map(({ name }) => renames.get(name)!),
    };
  }

  /** The name of a weight at the top of the graph: one for all tensors that view the same bytes. */
  #share(tensor: TensorProto): string {
    const { buffer, byteOffset, byteLength } = tensor.rawData;
    const held = deferredOf(tensor) ?? buffer;
    const number = this.#buffers.get(held) ?? this.#buffers.size;
    this.#buffers.set(held, number);
    const key = [number, byteOffset, byteLength, tensor.dataType, ...tensor.dims].join();
    const known = this.#shared.get(key);
    if (known) return known.name;
    const name = `${this.#mark}${this.#shared.size}:shared:${tensor.name}`;
    this.#shared.set(key, withFields(tensor, { name }));
    return name;
  }

  #choose(outputs: readonly string[], cases: readonly (readonly [number, Body])[], otherwise: Body): NodeProto {
    const [[bit, body], ...others] = cases as [readonly [number, Body], ...(readonly [number, Body])[]];
    let rest = otherwise;
    if (others.length > 0) {
      const prefix = this.#prefix();
      const output = outputs.map((name) => prefix + name);
      rest = { node: [this.#choose(output, others, otherwise)], initializer: [], output };
    }
    const branch = (name: string, graph: GraphProto) =>
      create(AttributeProtoSchema, { name, type: AttributeType.GRAPH, g: graph });
    const attributes = [branch("then_branch", this.#subgraph(body)), branch("else_branch", this.#subgraph(rest))];
    return makeNode("If", [this.#switchName(bit)], outputs, { attributes });
  }

  #subgraph({ node, initializer, output }: Body): GraphProto {
    return create(GraphProtoSchema, {
      name: this.#prefix(),
      node: [...node],
      initializer: [...initializer],
      output: output.map((name) => create(ValueInfoProtoSchema, { name })),
    });
  }

  #port(name: string, type: DataType, dims: readonly number[] | null): ValueInfoProto {
    const dim = dims?.map((size) => ({ value: { case: "dimValue" as const, value: BigInt(size) } }));
    return create(ValueInfoProtoSchema, {
      name,
      type: create(TypeProtoSchema, {
        value: { case: "tensorType", value: { elemType: dataTypeCode(type), ...(dim && { shape: { dim } }) } },
      }),
    });
  }
}
