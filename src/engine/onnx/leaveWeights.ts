import { create, toBinary } from "@bufbuild/protobuf";
import { BinaryWriter, WireType } from "@bufbuild/protobuf/wire";
import type { StoredFile } from "../model/deferred.ts";
import { InputError } from "../model/job.ts";
import { memorySize } from "../values/units.ts";
import { concat, totalLength } from "./encode.ts";
import { DEFERRED_FROM } from "./external.ts";
import {
  GraphProtoSchema,
  TensorProto_DataLocation as Location,
  ModelProtoSchema,
  StringStringEntryProtoSchema,
  TensorProtoSchema,
} from "./proto/onnx_pb.ts";

/** Bytes of the file that are looked at together. */
const WINDOW = 2 ** 16;
/** Of a number in as many bytes as it takes at most. */
const LONGEST_NUMBER = 10;
/** What is left of a file is in memory. */
const MOST_KEPT = 2 ** 28;

/**
 * An ONNX file that is not in memory without its large initializers: in their place the graph names `location` and where in it their
 * bytes are, as of weights in a file beside a model. What else is in the file is as it was. Null where it is no message that can
 * be read to its end.
 * @throws InputError when what is left is too long to be read whole.
 */
export function leaveWeights(file: StoredFile, fileName: string, location: string): Uint8Array | null {
  const reader = new FieldReader(file);
  const within = (number: number, inner: (from: number, to: number) => Uint8Array[]) => (field: Field) =>
    field.number === number && field.length >= DEFERRED_FROM
      ? message(number, inner(field.content, field.content + field.length))
      : null;
  const tensor = (from: number, to: number) =>
    reader.map(from, to, ({ number, content, length }) =>
      number === TensorProtoSchema.field.rawData.number && length >= DEFERRED_FROM
        ? placed({ location, offset: content, length })
        : null,
    );
  const graph = (from: number, to: number) =>
    reader.map(from, to, within(GraphProtoSchema.field.initializer.number, tensor));
  try {
    return concat(reader.map(0, file.byteLength, within(ModelProtoSchema.field.graph.number, graph)));
  } catch (error) {
    if (error instanceof Damaged) return null;
    if (error instanceof TooLong) {
      throw new InputError(
        `"${fileName}" holds more than ${memorySize(MOST_KEPT)} elsewhere than in the raw bytes of its initializers, which is too long to be read whole; save it with its weights in a file beside it.`,
      );
    }
    throw error;
  }
}

class Damaged extends Error {}
class TooLong extends Error {}

interface Field {
  readonly number: number;
  /** Where what is in it begins, and how long that is: 0 of what is not delimited by its length. */
  readonly content: number;
  readonly length: number;
}

/** Reads a file as protobuf's fields, a window of it at a time. */
class FieldReader {
  readonly #file: StoredFile;
  #window = new Uint8Array();
  #from = 0;
  #kept = 0;

  constructor(file: StoredFile) {
    this.#file = file;
  }

  /** The fields from one place up to another, each as it is or as what it is changed into; those between two that change are one part. */
  map(from: number, to: number, change: (field: Field) => Uint8Array[] | null): Uint8Array[] {
    const parts: Uint8Array[] = [];
    let kept = from;
    const keep = (end: number) => {
      this.#kept += end - kept;
      if (this.#kept > MOST_KEPT) throw new TooLong();
      if (end > kept) parts.push(this.#read(kept, end));
    };
    for (let at = from; at < to; ) {
      const { field, end } = this.#field(at, to);
      const changed = change(field);
      if (changed) {
        keep(at);
        parts.push(...changed);
        kept = end;
      }
      at = end;
    }
    keep(to);
    return parts;
  }

  #field(at: number, to: number): { readonly field: Field; readonly end: number } {
    const tag = this.#number(at, to);
    const [number, type] = [Math.floor(tag.value / 8), tag.value % 8];
    const ends = (end: number, content = end) => {
      if (end > to) throw new Damaged();
      return { field: { number, content, length: end - content }, end };
    };
    if (type === WireType.Varint) return ends(this.#number(tag.end, to).end);
    if (type === WireType.Bit64) return ends(tag.end + 8);
    if (type === WireType.Bit32) return ends(tag.end + 4);
    if (type !== WireType.LengthDelimited) throw new Damaged();
    const length = this.#number(tag.end, to);
    return ends(length.end + length.value, length.end);
  }

  #number(at: number, to: number): { readonly value: number; readonly end: number } {
    if (at < this.#from || at + LONGEST_NUMBER > this.#from + this.#window.length) {
      this.#window = this.#read(at, Math.min(at + WINDOW, this.#file.byteLength));
      this.#from = at;
    }
    let value = 0;
    for (let i = 0; i < LONGEST_NUMBER && at + i < to; i++) {
      const byte = this.#window[at + i - this.#from] as number;
      value += (byte & 0x7f) * 2 ** (7 * i);
      if (byte < 0x80) return { value, end: at + i + 1 };
    }
    throw new Damaged();
  }

  #read(from: number, to: number): Uint8Array<ArrayBuffer> {
    const bytes = new Uint8Array(to - from);
    this.#file.readInto(bytes, from);
    return bytes;
  }
}

/** A field that holds a message. */
function message(number: number, content: readonly Uint8Array[]): Uint8Array[] {
  const head = new BinaryWriter()
    .tag(number, WireType.LengthDelimited)
    .uint64(BigInt(totalLength(content)))
    .finish();
  return [head, ...content];
}

/** The fields of a tensor that say where its bytes are. */
function placed(place: { readonly location: string; readonly offset: number; readonly length: number }): Uint8Array[] {
  const externalData = Object.entries(place).map(([key, value]) =>
    create(StringStringEntryProtoSchema, { key, value: String(value) }),
  );
  return [toBinary(TensorProtoSchema, create(TensorProtoSchema, { dataLocation: Location.EXTERNAL, externalData }))];
}
