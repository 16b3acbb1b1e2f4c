import type { ConstantDetail, NodeDetail, TensorDetail } from "../model/modelGraph.ts";
import type { Port } from "../model/tensor.ts";
import { inferElementTypes } from "../onnx/elementTypes.ts";
import { GraphIndex } from "../onnx/graph.ts";
import {
  type AttributeProto,
  AttributeProto_AttributeType as AttributeType,
  TensorProto_DataType as Code,
  type GraphProto,
  type NodeProto,
  type TensorProto,
} from "../onnx/proto/onnx_pb.ts";
import { dataTypeOf, dimsOf, tensorOf } from "../onnx/tensor.ts";
import { dimsText, elementCount } from "../values/dims.ts";
import { significant } from "../values/figures.ts";
import { widenHalf } from "../values/halfFloats.ts";

const FIRST_VALUES = 16;
const MOST_LISTED = 32;

/** Answers what the nodes of a graph are; `shapes` are those of its tensors as far as they are known. */
export class NodeDetails {
  readonly #index: GraphIndex;
  readonly #types: ReadonlyMap<string, Code>;
  readonly #shapes: ReadonlyMap<string, Port["dims"]>;

  constructor(graph: GraphProto, shapes: ReadonlyMap<string, Port["dims"]>) {
    this.#index = new GraphIndex(graph);
    this.#types = inferElementTypes(graph);
    this.#shapes = shapes;
  }

  /** Attributes, and the tensors read and made, constants with their values; null for no node of the graph itself. */
  of(id: string): NodeDetail | null {
    const node = this.#index.node(id);
    if (!node) return null;
    return {
      id,
      operator: node.opType,
      domain: node.domain === "ai.onnx" ? "" : node.domain,
      attributes: node.attribute.map((attribute) => ({ name: attribute.name, value: textOf(attribute) })),
      inputs: this.#tensors(node, "input"),
      outputs: this.#tensors(node, "output"),
    };
  }

  #tensors(node: NodeProto, side: "input" | "output"): readonly TensorDetail[] {
    return node[side].filter(Boolean).map((name) => {
      const constant = this.#index.initializer(name);
      const code = constant?.dataType ?? this.#types.get(name);
      return {
        name,
        type: code === undefined ? null : typeName(code),
        dims: constant ? dimsOf(constant) : (this.#shapes.get(name) ?? null),
        constant: constant ? constantDetail(constant) : null,
      };
    });
  }
}

function typeName(code: Code): string {
  const known = dataTypeOf(code);
  return known === "other" ? (Code[code] ?? `type ${code}`).toLowerCase() : known;
}

/** How many values a constant has, the first of them, and its range. Throws InputError where its bytes are missing. */
export function constantDetail(proto: TensorProto): ConstantDetail {
  const elements = elementCount(dimsOf(proto));
  if (dataTypeOf(proto.dataType) === "other") return { elements, first: null, range: null };
  const { type, data } = tensorOf(proto);
  const valueAt = (at: number) => (type === "float16" ? widenHalf(Number(data[at])) : Number(data[at]));
  let [low, high] = [Infinity, -Infinity];
  for (let at = 0; at < data.length; at++) {
    const value = valueAt(at);
    if (!Number.isFinite(value)) continue;
    if (value < low) low = value;
    if (value > high) high = value;
  }
  const isFloat = type.startsWith("float");
  const first = Array.from({ length: Math.min(FIRST_VALUES, data.length) }, (_, at) =>
    isFloat ? significant(valueAt(at)) : String(data[at]),
  );
  return { elements, first, range: low <= high ? { low, high } : null };
}

/** An attribute's value as a person reads it; of a tensor its type, shape and first values, of a graph how many nodes it has. */
function textOf({ type, i, f, s, ints, floats, strings, t, g }: AttributeProto): string {
  const decoded = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  switch (type) {
    case AttributeType.INT:
      return String(i);
    case AttributeType.FLOAT:
      return significant(f);
    case AttributeType.STRING:
      return decoded(s);
    case AttributeType.INTS:
      return listed(ints.map(String));
    case AttributeType.FLOATS:
      return listed(floats.map(significant));
    case AttributeType.STRINGS:
      return listed(strings.map(decoded));
    case AttributeType.TENSOR:
      return t ? tensorText(t) : "";
    case AttributeType.GRAPH:
      return `a graph of ${g?.node.length ?? 0} nodes`;
    default:
      return (AttributeType[type] ?? `type ${type}`).toLowerCase();
  }
}

function listed(values: readonly string[]): string {
  const shown = values.slice(0, MOST_LISTED).join(", ");
  return values.length > MOST_LISTED ? `[${shown}, … ${values.length} in all]` : `[${shown}]`;
}

function tensorText(tensor: TensorProto): string {
  const { elements, first } = constantDetail(tensor);
  const values = first ? `: ${first.join(", ")}${elements > first.length ? ", …" : ""}` : "";
  return `${typeName(tensor.dataType)}, ${dimsText(dimsOf(tensor))}${values}`;
}
