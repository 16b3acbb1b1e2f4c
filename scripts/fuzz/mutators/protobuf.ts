import { concat } from "../../../src/engine/onnx/encode.ts";
import type { Chance } from "../chance.ts";
import { HOSTILE_INTEGERS, HOSTILE_TEXTS, type Mutator, withPartChanged } from "./mutator.ts";

/** A field of a message as the wire has it (protobuf.dev/programming-guides/encoding). */
interface Field {
  readonly number: number;
  readonly wire: number;
  /** A varint, fixed bytes, or what a length goes before: fields where these read as a message, else bytes. */
  readonly value: bigint | Uint8Array | readonly Field[];
}

const VARINT = 0;
const WIDE = 1;
const LENGTH = 2;
const NARROW = 5;
const DEEPEST = 12;

function readVarint(bytes: Uint8Array, at: number): readonly [value: bigint, next: number] | null {
  let value = 0n;
  for (let i = 0; i < 10 && at + i < bytes.length; i++) {
    const byte = bytes[at + i]!;
    value |= BigInt(byte & 0x7f) << BigInt(7 * i);
    if (byte < 0x80) return [value, at + i + 1];
  }
  return null;
}

function fieldsOf(bytes: Uint8Array, depth = 0): Field[] | null {
  const fields: Field[] = [];
  for (let at = 0; at < bytes.length; ) {
    const tag = readVarint(bytes, at);
    if (!tag) return null;
    const [key, start] = tag;
    const number = Number(key >> 3n);
    const wire = Number(key & 7n);
    if (number < 1 || number > 1000) return null;
    if (wire === VARINT) {
      const found = readVarint(bytes, start);
      if (!found) return null;
      fields.push({ number, wire, value: found[0] });
      at = found[1];
    } else if (wire === WIDE || wire === NARROW) {
      const end = start + (wire === WIDE ? 8 : 4);
      if (end > bytes.length) return null;
      fields.push({ number, wire, value: bytes.subarray(start, end) });
      at = end;
    } else if (wire === LENGTH) {
      const found = readVarint(bytes, start);
      if (!found || found[1] + Number(found[0]) > bytes.length) return null;
      const end = found[1] + Number(found[0]);
      const content = bytes.subarray(found[1], end);
      const inner = depth < DEEPEST && content.length > 1 ? fieldsOf(content, depth + 1) : null;
      fields.push({ number, wire, value: inner ?? content });
      at = end;
    } else return null;
  }
  return fields;
}

function varint(value: bigint): Uint8Array {
  const bytes: number[] = [];
  let rest = BigInt.asUintN(64, value);
  for (; rest > 0x7fn; rest >>= 7n) bytes.push(Number(rest & 0x7fn) | 0x80);
  return Uint8Array.of(...bytes, Number(rest));
}

function encoded(fields: readonly Field[]): Uint8Array {
  const parts: Uint8Array[] = [];
  for (const { number, wire, value } of fields) {
    parts.push(varint((BigInt(number) << 3n) | BigInt(wire)));
    if (typeof value === "bigint") parts.push(varint(value));
    else if (value instanceof Uint8Array)
      parts.push(...(wire === LENGTH ? [varint(BigInt(value.length)), value] : [value]));
    else {
      const content = encoded(value);
      parts.push(varint(BigInt(content.length)), content);
    }
  }
  return concat(parts);
}

/** Every field at any depth, as the lists that hold them. */
function lists(fields: readonly Field[], found: (readonly Field[])[] = []): (readonly Field[])[] {
  found.push(fields);
  for (const { value } of fields) if (Array.isArray(value)) lists(value as readonly Field[], found);
  return found;
}

function changed(field: Field, chance: Chance, all: readonly Field[]): Field {
  const { value } = field;
  const alike = all.filter(({ wire, number }) => wire === field.wire && number === field.number);
  if (chance.percent(40)) return { ...field, value: chance.pick(alike).value };
  if (typeof value === "bigint") return { ...field, value: chance.pick(HOSTILE_INTEGERS) };
  if (value instanceof Uint8Array && field.wire === LENGTH) return { ...field, value: text(value, chance, all) };
  if (value instanceof Uint8Array) return { ...field, value: value.map(() => chance.below(256)) };
  return { ...field, value: [] };
}

/** Bytes that may be a name, numbers or weights. */
function text(value: Uint8Array, chance: Chance, all: readonly Field[]): Uint8Array {
  const way = chance.below(3);
  if (way === 0) return new TextEncoder().encode(chance.pick(HOSTILE_TEXTS));
  const bytes = all.map((field) => field.value).filter((each) => each instanceof Uint8Array);
  if (way === 1) return chance.pick(bytes);
  const copy = value.slice();
  const width = copy.length % 8 === 0 ? 8 : 4;
  if (copy.length < width) return new Uint8Array();
  const at = width * chance.below(Math.floor(copy.length / width));
  const integer = BigInt.asUintN(width * 8, chance.pick(HOSTILE_INTEGERS));
  const view = new DataView(copy.buffer);
  if (width === 8) view.setBigUint64(at, integer, true);
  else view.setUint32(at, Number(integer), true);
  return copy;
}

function withList(fields: readonly Field[], list: readonly Field[], other: readonly Field[]): readonly Field[] {
  if (fields === list) return other;
  return fields.map((field) => {
    if (!Array.isArray(field.value)) return field;
    const value = withList(field.value as readonly Field[], list, other);
    return value === field.value ? field : { ...field, value };
  });
}

/** A message whose fields, at any depth, are changed, left out, doubled, moved, or taken from another message. */
export const mutateProtobuf: Mutator = (bytes, chance, others) => {
  let fields: readonly Field[] = fieldsOf(bytes) ?? [];
  const strange = chance.percent(30) && others.length > 0 ? (fieldsOf(chance.pick(others)) ?? []) : [];
  for (let times = 1 + chance.below(3); times > 0; times--) {
    const all = lists(fields);
    const list = chance.pick(all.filter(({ length }) => length > 0).length > 0 ? all.filter((l) => l.length > 0) : all);
    const flat = [...all, ...lists(strange)].flat();
    fields = withList(
      fields,
      list,
      withPartChanged(list, chance, (field) => changed(field, chance, flat)),
    );
  }
  return encoded(fields);
};
