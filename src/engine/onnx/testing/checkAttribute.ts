import { isFieldSet } from "@bufbuild/protobuf";
import { type AttributeProto, AttributeProtoSchema, AttributeProto_AttributeType as Type } from "../proto/onnx_pb.ts";
import type { Check } from "./checking.ts";
import { checkTensor } from "./checkTensor.ts";

/** The field that holds a value of each type. */
const FIELDS = {
  f: Type.FLOAT,
  i: Type.INT,
  s: Type.STRING,
  t: Type.TENSOR,
  g: Type.GRAPH,
  tp: Type.TYPE_PROTO,
  sparseTensor: Type.SPARSE_TENSOR,
  floats: Type.FLOATS,
  ints: Type.INTS,
  strings: Type.STRINGS,
  tensors: Type.TENSORS,
  graphs: Type.GRAPHS,
  sparseTensors: Type.SPARSE_TENSORS,
  typeProtos: Type.TYPE_PROTOS,
} as const;

/** These have no default to stand for an absent field. */
const MESSAGES = new Set<Type>([Type.TENSOR, Type.GRAPH, Type.TYPE_PROTO, Type.SPARSE_TENSOR]);

/** onnx/checker.cc, check_attribute, without the graphs in it. */
export function checkAttribute(attribute: AttributeProto, owner: string, check: Check): void {
  const { name, type } = attribute;
  if (!name) {
    check.fault(`${owner} has an attribute without a name`);
    return;
  }
  const fault = (what: string) => check.fault(`attribute "${name}" of ${owner} ${what}`);
  if (type === Type.UNDEFINED || Type[type] === undefined) {
    fault("has no type");
    return;
  }
  const names = Object.keys(FIELDS) as (keyof typeof FIELDS)[];
  const used = names.filter((field) => isFieldSet(attribute, AttributeProtoSchema.field[field]));
  const foreign = used.find((field) => FIELDS[field] !== type);
  if (foreign) fault(`is of type ${Type[type]} and has a value in "${foreign}"`);
  if (used.length === 0 && MESSAGES.has(type)) fault(`is of type ${Type[type]} and has no value`);
  for (const tensor of [...(attribute.t ? [attribute.t] : []), ...attribute.tensors]) checkTensor(tensor, check);
}
