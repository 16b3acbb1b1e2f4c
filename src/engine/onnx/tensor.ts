import { create } from "@bufbuild/protobuf";
import { StoredBytes, WorkedBytes } from "../model/deferred.ts";
import { InputError } from "../model/job.ts";
import type { Tensor } from "../model/tensor.ts";
import { packedCodes } from "../values/codes.ts";
import { copyBytes } from "../values/copyBytes.ts";
import { elementCount } from "../values/dims.ts";
import { arrayOf, DATA_TYPES, type DataType, elementBytes, type TensorData } from "../values/elementTypes.ts";
import { withFields } from "./messages.ts";
import {
  TensorProto_DataType as Code,
  TensorProto_DataLocation as Location,
  type TensorProto,
  TensorProtoSchema,
} from "./proto/onnx_pb.ts";
import { deferredOf, rawBytes, rawLength, withDeferred } from "./tensorBytes.ts";

const CODES: Readonly<Record<DataType, Code>> = {
  float32: Code.FLOAT,
  float64: Code.DOUBLE,
  float16: Code.FLOAT16,
  int8: Code.INT8,
  uint8: Code.UINT8,
  int16: Code.INT16,
  uint16: Code.UINT16,
  int32: Code.INT32,
  uint32: Code.UINT32,
  int64: Code.INT64,
  uint64: Code.UINT64,
  bool: Code.BOOL,
};

const TYPES = new Map(DATA_TYPES.map((type) => [CODES[type], type]));

/** The type of a `TensorProto.DataType` code; "other" for strings, bfloat16, 4- and 8-bit floats and the like. */
export function dataTypeOf(code: number): DataType | "other" {
  return TYPES.get(code) ?? "other";
}

/** The `TensorProto.DataType` code of a type. */
export function dataTypeCode(type: DataType): Code {
  return CODES[type];
}

export function dimsOf(proto: TensorProto): number[] {
  return proto.dims.map(Number);
}

/**
 * The tensor in a TensorProto: a view of `rawData`, copied only where that is not aligned to the element size, or the
 * converted typed field.
 * @throws InputError when the type has no `DataType`, the weights are in a file not attached, or their count is not
 * the shape's.
 */
export function tensorOf(proto: TensorProto): Tensor {
  const type = dataTypeOf(proto.dataType);
  if (type === "other") {
    throw new InputError(
      `Tensor "${proto.name}" has the element type ${Code[proto.dataType] ?? proto.dataType}, which Octet does not read.`,
    );
  }
  if (proto.dataLocation === Location.EXTERNAL) {
    throw new InputError(`Tensor "${proto.name}" is kept in an external file; add that file beside the model.`);
  }
  const dims = dimsOf(proto);
  const raw = rawBytes(proto);
  const data = raw.byteLength > 0 ? rawView(raw, type) : typedField(proto, type);
  if (data === null || data.length !== elementCount(dims)) {
    throw new InputError(`Tensor "${proto.name}" does not hold the elements its shape [${dims.join(", ")}] asks for.`);
  }
  return { type, dims, data };
}

/** Copies of weights up to this size share memory; those of weights that are not in memory do whatever their size. */
const SHARED_BYTES = 64 * 1024 * 1024;

let shared = new ArrayBuffer(0);
/** What is in it, where that is all of a weight that is not in memory. */
let held: StoredBytes | null = null;

/**
 * The values of a float32 tensor, for one look at them: a view of `rawData`, or, where that is not aligned, a copy that holds
 * until the next call. A pass over a large model would else leave a copy of it to the garbage collector, which is in no hurry.
 * @throws InputError as `tensorOf` does.
 */
export function passingFloats(proto: TensorProto): Float32Array {
  const { byteOffset } = proto.rawData;
  const byteLength = rawLength(proto);
  const stored = deferredOf(proto);
  const isFloat = proto.dataType === Code.FLOAT && byteLength === 4 * elementCount(dimsOf(proto));
  const isView = !stored && (byteOffset % 4 === 0 || byteLength > SHARED_BYTES);
  if (!isFloat || byteLength === 0 || isView || (stored && !(stored instanceof StoredBytes))) {
    return tensorOf(proto).data as Float32Array;
  }
  if (shared.byteLength < byteLength) {
    held = null;
    shared = new ArrayBuffer(0);
    shared = new ArrayBuffer(byteLength);
  }
  const bytes = new Uint8Array(shared, 0, byteLength);
  if (!stored) bytes.set(proto.rawData);
  else if (stored !== held) stored.readInto(bytes);
  held = stored;
  return new Float32Array(shared, 0, byteLength / 4);
}

/** What fills an array with values of a float32 tensor whose bytes are in a file, from a place on; null for others. */
export function storedFloats(proto: TensorProto): ((target: Float32Array, from: number) => void) | null {
  const stored = deferredOf(proto);
  const isFloat = proto.dataType === Code.FLOAT && rawLength(proto) === 4 * elementCount(dimsOf(proto));
  if (!isFloat || !(stored instanceof StoredBytes)) return null;
  return (target, from) => {
    stored.readInto(new Uint8Array(target.buffer, target.byteOffset, target.byteLength), 4 * from);
  };
}

/** A TensorProto whose `rawData` is a view of the tensor's data. */
export function tensorProto(name: string, tensor: Tensor): TensorProto {
  const { buffer, byteOffset, byteLength } = tensor.data;
  return create(TensorProtoSchema, {
    name,
    dataType: CODES[tensor.type],
    dims: tensor.dims.map(BigInt),
    rawData: new Uint8Array(buffer as ArrayBuffer, byteOffset, byteLength),
  });
}

/** A tensor of ONNX's integers of 4 and 2 bits, one code of its type an element, or of float8 (E4M3FN), its bits. */
export interface PackedTensor {
  readonly type: "int4" | "uint4" | "int2" | "uint2" | "float8";
  readonly dims: readonly number[];
  readonly data: Int8Array | Uint8Array;
}

const PACKED: Readonly<Record<PackedTensor["type"], { readonly code: Code; readonly bits: 8 | 4 | 2 }>> = {
  int4: { code: Code.INT4, bits: 4 },
  uint4: { code: Code.UINT4, bits: 4 },
  int2: { code: Code.INT2, bits: 2 },
  uint2: { code: Code.UINT2, bits: 2 },
  float8: { code: Code.FLOAT8E4M3FN, bits: 8 },
};

/** A TensorProto of codes; those of 4 bits are packed two to a byte, those of 2 four, the first in the lowest bits. */
export function codesProto(name: string, tensor: Tensor | PackedTensor): TensorProto {
  if (!(tensor.type in PACKED)) return tensorProto(name, tensor as Tensor);
  const { type, dims, data } = tensor as PackedTensor;
  const { code, bits } = PACKED[type];
  return create(TensorProtoSchema, { name, dataType: code, dims: dims.map(BigInt), rawData: packedCodes(data, bits) });
}

/** A tensor whose bytes are worked out when they are asked for. */
export interface WorkedTensor {
  readonly type: DataType | PackedTensor["type"];
  readonly dims: readonly number[];
  /** Its elements, those of fewer bits one a byte. */
  readonly work: () => TensorData;
  /** The weight whose codes they are. */
  readonly weight?: string;
}

export function workedProto(name: string, { type, dims, work, weight }: WorkedTensor): TensorProto {
  const count = elementCount(dims);
  const made = (dataType: Code, bytes: WorkedBytes) =>
    withDeferred(create(TensorProtoSchema, { name, dataType, dims: dims.map(BigInt) }), bytes);
  if (!(type in PACKED)) {
    const plain = type as DataType;
    return made(CODES[plain], new WorkedBytes(count * elementBytes(plain), () => bytesIn(work()), weight));
  }
  const { code, bits } = PACKED[type as PackedTensor["type"]];
  const pack = () => packedCodes(work() as Int8Array | Uint8Array, bits);
  return made(code, new WorkedBytes(Math.ceil((count * bits) / 8), pack, weight));
}

/** A float32 tensor in floats of 16 bits, worked out when they are asked for where its own values are not in memory. */
export function inBits(tensor: TensorProto, dataType: Code, bits: () => Uint16Array): TensorProto {
  const narrow = withFields(tensor, { dataType, floatData: [] });
  const deferred = deferredOf(tensor);
  if (!deferred) return withFields(narrow, { rawData: bytesIn(bits()) });
  return withDeferred(narrow, new WorkedBytes(deferred.byteLength / 2, () => bytesIn(bits())));
}

function bytesIn({ buffer, byteOffset, byteLength }: TensorData): Uint8Array<ArrayBuffer> {
  return new Uint8Array(buffer as ArrayBuffer, byteOffset, byteLength);
}

/** A tensor of shape [] with one value. */
export function scalar(type: DataType, value: number | bigint): Tensor {
  return { type, dims: [], data: fill(type, [value]) };
}

/** A tensor of one dimension. */
export function vector(type: DataType, values: readonly (number | bigint)[]): Tensor {
  return { type, dims: [values.length], data: fill(type, values) };
}

/** Data of `count` elements of one value. */
export function filled(type: DataType, count: number, value: number): TensorData {
  return fill(type, new Array<number>(count).fill(value));
}

function fill(type: DataType, values: readonly (number | bigint)[]): TensorData {
  const data = new (arrayOf(type))(new ArrayBuffer(values.length * elementBytes(type)));
  const wide = data instanceof BigInt64Array || data instanceof BigUint64Array;
  for (let i = 0; i < values.length; i++) data[i] = wide ? BigInt(values[i] ?? 0) : Number(values[i]);
  return data;
}

function rawView(raw: Uint8Array, type: DataType): TensorData | null {
  const bytes = elementBytes(type);
  if (raw.byteLength % bytes !== 0) return null;
  const aligned = raw.byteOffset % bytes === 0 ? raw : copyBytes(raw);
  return new (arrayOf(type))(aligned.buffer, aligned.byteOffset, aligned.byteLength / bytes);
}

/** https://onnx.ai/onnx/api/classes.html#tensorproto: which typed field holds which element types. */
function typedField(proto: TensorProto, type: DataType): TensorData {
  switch (type) {
    case "float32":
      return fill(type, proto.floatData);
    case "float64":
      return fill(type, proto.doubleData);
    case "int64":
      return fill(type, proto.int64Data);
    case "uint32":
    case "uint64":
      return fill(type, proto.uint64Data);
    default:
      return fill(type, proto.int32Data);
  }
}
