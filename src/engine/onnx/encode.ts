import { type DescMessage, type Message, toBinary } from "@bufbuild/protobuf";
import { BinaryWriter, WireType } from "@bufbuild/protobuf/wire";
import { bytesOf, type Part } from "../model/deferred.ts";
import { withFields } from "./messages.ts";
import {
  GraphProtoSchema,
  type ModelProto,
  ModelProtoSchema,
  type TensorProto,
  TensorProtoSchema,
} from "./proto/onnx_pb.ts";
import { deferredOf, rawLength } from "./tensorBytes.ts";

/** `rawData` of at least this many bytes goes into the output by reference. */
export const REFERENCE_BYTES = 64 * 1024;

/**
 * Encodes a model as chunks whose concatenation is the file. Large initialisers are the model's own `rawData`, not
 * copies; fields are in the order of their numbers, unknown fields last, as `toBinary` of @bufbuild/protobuf has them.
 */
export function encodeModel(model: ModelProto): Uint8Array[] {
  return encodeParts(model).map(bytesOf);
}

/** The same with what is not in memory left where it is. */
export function encodeParts(model: ModelProto): Part[] {
  const { graph } = model;
  if (!graph) return [toBinary(ModelProtoSchema, model)];
  const initializers = graph.initializer.map((tensor) => field(GraphProtoSchema, "initializer", encodeTensor(tensor)));
  return merge(
    around(ModelProtoSchema, model, "graph", [
      field(ModelProtoSchema, "graph", around(GraphProtoSchema, graph, "initializer", initializers)),
    ]),
  );
}

/** The bytes of all chunks together. */
export function totalLength(chunks: readonly Part[]): number {
  return chunks.reduce((sum, chunk) => sum + chunk.byteLength, 0);
}

/** Joins chunks into one array; what it returns is a copy unless there is a single chunk. */
export function concat(chunks: readonly Part[]): Uint8Array {
  const [first] = chunks;
  if (first && chunks.length === 1) return bytesOf(first);
  const result = new Uint8Array(totalLength(chunks));
  let offset = 0;
  for (const chunk of chunks) {
    result.set(bytesOf(chunk), offset);
    offset += chunk.byteLength;
  }
  return result;
}

function encodeTensor(tensor: TensorProto): Part[] {
  const deferred = deferredOf(tensor);
  const isSmall = rawLength(tensor) < REFERENCE_BYTES;
  if (isSmall)
    return [toBinary(TensorProtoSchema, deferred ? withFields(tensor, { rawData: deferred.read() }) : tensor)];
  return around(TensorProtoSchema, tensor, "rawData", [
    field(TensorProtoSchema, "rawData", [deferred ?? tensor.rawData]),
  ]);
}

/** The message's encoding with `body` in the place of one of its fields. */
function around<M extends Message>(
  schema: DescMessage,
  message: M,
  name: keyof M & string,
  body: readonly Part[][],
): Part[] {
  const number = numberOf(schema, name);
  const isList = schema.field[name]?.fieldKind === "list";
  const keep = (kept: (fieldNumber: number) => boolean) =>
    Object.fromEntries(
      schema.fields
        .filter((other) => !kept(other.number))
        .map((other) => [other.localName, other.fieldKind === "list" ? [] : undefined]),
    );
  const empty = { [name]: isList ? [] : undefined };
  const before = withFields<Message>(message, { ...keep((n) => n < number), ...empty, $unknown: undefined });
  const after = withFields<Message>(message, { ...keep((n) => n > number), ...empty });
  return [toBinary(schema, before), ...body.flat(), toBinary(schema, after)];
}

/** Tag, length and content of a length-delimited field. */
function field(schema: DescMessage, name: string, content: Part[]): Part[] {
  const head = new BinaryWriter()
    .tag(numberOf(schema, name), WireType.LengthDelimited)
    .uint64(BigInt(totalLength(content)))
    .finish();
  return [head, ...content];
}

function numberOf(schema: DescMessage, name: string): number {
  const found = schema.field[name];
  if (!found) throw new Error(`${schema.typeName} has no field ${name}`);
  return found.number;
}

/** Joins neighbouring small chunks, so that a model of many small tensors is not a list of many small chunks. */
function merge(chunks: readonly Part[]): Part[] {
  const merged: Part[] = [];
  let small: Uint8Array[] = [];
  const flush = () => {
    if (totalLength(small) > 0) merged.push(concat(small));
    small = [];
  };
  for (const chunk of chunks) {
    if (chunk instanceof Uint8Array && chunk.byteLength < REFERENCE_BYTES) {
      small.push(chunk);
    } else {
      flush();
      merged.push(chunk);
    }
  }
  flush();
  return merged;
}
