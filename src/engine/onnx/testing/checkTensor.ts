import {
  TensorProto_DataType as Code,
  TensorProto_DataLocation as Location,
  type TensorProto,
} from "../proto/onnx_pb.ts";
import { type Check, typeName } from "./checking.ts";

const FIELDS = ["floatData", "int32Data", "stringData", "int64Data", "rawData", "doubleData", "uint64Data"] as const;

/** Bits of one element in `rawData`. */
const BITS = new Map<number, number>([
  ...[Code.UINT2, Code.INT2].map((code) => [code, 2] as const),
  ...[Code.UINT4, Code.INT4, Code.FLOAT4E2M1].map((code) => [code, 4] as const),
  ...[Code.UINT8, Code.INT8, Code.BOOL, Code.FLOAT8E4M3FN, Code.FLOAT8E4M3FNUZ].map((code) => [code, 8] as const),
  ...[Code.FLOAT8E5M2, Code.FLOAT8E5M2FNUZ, Code.FLOAT8E8M0].map((code) => [code, 8] as const),
  ...[Code.UINT16, Code.INT16, Code.FLOAT16, Code.BFLOAT16].map((code) => [code, 16] as const),
  ...[Code.FLOAT, Code.INT32, Code.UINT32].map((code) => [code, 32] as const),
  ...[Code.DOUBLE, Code.INT64, Code.UINT64, Code.COMPLEX64].map((code) => [code, 64] as const),
  [Code.COMPLEX128, 128],
]);

/** The typed field of a type, where it is not `int32Data`, and its entries for one element. */
const TYPED = new Map<number, readonly [(typeof FIELDS)[number], number]>([
  [Code.FLOAT, ["floatData", 1]],
  [Code.COMPLEX64, ["floatData", 2]],
  [Code.DOUBLE, ["doubleData", 1]],
  [Code.COMPLEX128, ["doubleData", 2]],
  [Code.INT64, ["int64Data", 1]],
  [Code.UINT32, ["uint64Data", 1]],
  [Code.UINT64, ["uint64Data", 1]],
  [Code.STRING, ["stringData", 1]],
]);

/** The IR versions that brought types, where that is later than the models Octet writes are. */
const IR_OF_TYPE: readonly (readonly [RegExp, number])[] = [
  [/^float8e[45]/, 9],
  [/^u?int4$/, 10],
  [/^float4/, 11],
  [/^float8e8/, 12],
  [/^u?int2$/, 13],
];

/** That the type is one the model may hold. */
export function checkType(type: string, owner: string, { ir, fault }: Check): void {
  const least = IR_OF_TYPE.find(([types]) => types.test(type))?.[1] ?? 0;
  if (ir < least) fault(`${owner} is of ${type}, which came with IR ${least}; the model's is ${ir}`);
}

/** onnx/checker.cc, check_tensor; and that there are no more bytes than the shape asks for. */
export function checkTensor(tensor: TensorProto, check: Check): void {
  const { dataType, dims, name } = tensor;
  const owner = `tensor "${name}"`;
  const fault = (what: string) => check.fault(`${owner} ${what}`);
  const type = typeName(dataType);
  if (type === undefined) {
    fault(`has no element type that ONNX knows (${dataType})`);
    return;
  }
  checkType(type, owner, check);
  if (dims.some((dim) => dim < 0n)) {
    fault(`has a negative dimension: [${dims.join(", ")}]`);
    return;
  }
  const count = Number(dims.reduce((product, dim) => product * dim, 1n));
  const bits = BITS.get(dataType);
  const bytes = bits === undefined ? null : Math.ceil((count * bits) / 8);
  const used = FIELDS.filter((field) => tensor[field].length > 0);
  if (tensor.dataLocation === Location.EXTERNAL) {
    checkExternal(tensor, used, bytes, fault);
    return;
  }
  if (count === 0) {
    if (used.length > 0) fault("has no elements but data");
    return;
  }
  const [field] = used;
  if (field === undefined || used.length > 1) {
    fault(`has data in ${used.length ? used.join(" and ") : "no field"}; it should be in one`);
    return;
  }
  if (field === "rawData") {
    if (type === "string") fault("holds strings as raw data");
    else if (tensor.rawData.length !== bytes) {
      fault(`has ${tensor.rawData.length} bytes where [${dims.join(", ")}] of ${type} takes ${bytes}`);
    }
    return;
  }
  const [own, entries] = TYPED.get(dataType) ?? (["int32Data", 1] as const);
  if (field !== own) {
    fault(`holds ${type} in ${field}; it should be in ${own}`);
    return;
  }
  const packed = (bits ?? 8) < 8 ? Math.ceil((count * (bits ?? 8)) / 32) : count * entries;
  if (tensor[field].length < packed) fault(`has ${tensor[field].length} values where its shape takes ${packed}`);
}

function checkExternal(
  { externalData }: TensorProto,
  used: readonly string[],
  bytes: number | null,
  fault: (what: string) => void,
): void {
  if (used.length > 0) fault(`is kept outside the model and has data in ${used.join(" and ")}`);
  const entry = (key: string) => externalData.find((pair) => pair.key === key)?.value;
  const location = entry("location");
  if (!location) {
    fault("is kept outside the model and does not say where");
    return;
  }
  if (/^[/\\]|^[a-z]:|(^|[/\\])\.\.([/\\]|$)/i.test(location)) fault(`is kept outside the model's folder: ${location}`);
  for (const key of ["offset", "length"]) {
    if (!/^\d*$/.test(entry(key) ?? "")) fault(`has an external ${key} that is no number: ${entry(key)}`);
  }
  const length = entry("length");
  if (length && bytes !== null && Number(length) !== bytes) {
    fault(`has ${length} external bytes where its shape takes ${bytes}`);
  }
}
