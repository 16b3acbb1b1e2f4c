import { create } from "@bufbuild/protobuf";
import type { Port } from "../model/tensor.ts";
import { withFields } from "../onnx/messages.ts";
import { inputPorts, portOf } from "../onnx/ports.ts";
import {
  type ModelProto,
  TensorShapeProtoSchema,
  TypeProto_TensorSchema,
  TypeProtoSchema,
  type ValueInfoProto,
} from "../onnx/proto/onnx_pb.ts";
import { dataTypeCode } from "../onnx/tensor.ts";
import type { DataType } from "../values/elementTypes.ts";
import { graphOf, withGraph } from "./pass.ts";

type Dims = Port["dims"];

/** The model without what the file says of the shapes of tensors between its inputs and outputs, and of its outputs. */
export function withoutAnnotations(model: ModelProto): ModelProto {
  const { output } = graphOf(model);
  return withGraph(model, { valueInfo: [], output: output.map((info) => withShape(info, null)) });
}

/**
 * The model without shapes that the file states and that are not so. `shapes` has what follows from the inputs alone, as
 * far as it does: no dimensions are those of a scalar, or of a tensor of which not even their number follows. An output that
 * was stated wrongly is stated as it is.
 */
export function withoutStaleShapes(model: ModelProto, shapes: ReadonlyMap<string, Dims>): ModelProto {
  const graph = graphOf(model);
  const symbols = new Set(inputPorts(model).flatMap(({ dims }) => dims.filter((dim) => typeof dim === "string")));
  const isStale = (info: ValueInfoProto) => {
    const known = shapes.get(info.name);
    return known !== undefined && hasShape(info) && contradicts(portOf(info).dims, known, symbols);
  };
  return withGraph(model, {
    valueInfo: graph.valueInfo.filter((info) => !isStale(info)),
    output: graph.output.map((info) => {
      const known = shapes.get(info.name) ?? [];
      return known.length > 0 && isStale(info) ? withShape(info, known) : info;
    }),
  });
}

/** The model with types and shapes of outputs of which the file states none; ONNX wants them. `shapes` as above. */
export function withOutputTypes(
  model: ModelProto,
  types: ReadonlyMap<string, DataType | "other">,
  shapes: ReadonlyMap<string, Dims>,
): ModelProto {
  const { output } = graphOf(model);
  const typed = output.map((info) => {
    const type = types.get(info.name);
    if (info.type?.value.case !== undefined || type === undefined || type === "other") return info;
    const tensor = create(TypeProto_TensorSchema, { elemType: dataTypeCode(type) });
    const stated = withFields(info, {
      type: create(TypeProtoSchema, { value: { case: "tensorType", value: tensor } }),
    });
    const known = shapes.get(info.name) ?? [];
    return known.length > 0 ? withShape(stated, known) : stated;
  });
  return withGraph(model, { output: typed });
}

/** What is known of a shape: what follows from the inputs, and where nothing does what the file states. */
export function completed(known: Dims, stated: Dims | undefined): Dims {
  if (known.length === 0) return stated ?? known;
  if (stated === undefined || contradicts(stated, known, new Set())) return known;
  return known.map((dim, i) => dim ?? stated[i] ?? null);
}

/** A number that is stated for what grows with an input is wrong too: it holds for one size of the input alone. */
function contradicts(stated: Dims, known: Dims, symbols: ReadonlySet<string>): boolean {
  if (stated.length !== known.length) return true;
  return stated.some((dim, i) => {
    const other = known[i];
    if (typeof dim !== "number") return false;
    return typeof other === "number" ? dim !== other : typeof other === "string" && symbols.has(other);
  });
}

function hasShape({ type }: ValueInfoProto): boolean {
  return type?.value.case === "tensorType" && type.value.value.shape !== undefined;
}

export function withShape(info: ValueInfoProto, dims: Dims | null): ValueInfoProto {
  const value = info.type?.value;
  if (value?.case !== "tensorType") return info;
  const dim = dims?.map((size) => {
    if (typeof size === "number") return { value: { case: "dimValue" as const, value: BigInt(size) } };
    return size === null ? {} : { value: { case: "dimParam" as const, value: size } };
  });
  const shape = dim && create(TensorShapeProtoSchema, { dim });
  const tensor = create(TypeProto_TensorSchema, { elemType: value.value.elemType, ...(shape && { shape }) });
  return withFields(info, { type: create(TypeProtoSchema, { value: { case: "tensorType", value: tensor } }) });
}
