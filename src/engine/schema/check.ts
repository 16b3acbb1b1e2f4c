import { safeParse } from "valibot";
import { type Of, type Schema, SENTENCE, STRANGER, type Told } from "./define.ts";
import { isObject } from "./running.ts";

const SHOWN = 60;

export type Checked<T> =
  | { readonly value: T; readonly problem: null }
  | { readonly value: null; readonly problem: string };

/** A schema as one walks it: what is inside it, whatever its kind. */
interface Inside extends Told {
  readonly type: string;
  readonly message?: unknown;
  readonly key?: unknown;
  readonly entries?: Readonly<Record<string, Inside>>;
  readonly value?: Inside;
  readonly item?: Inside;
  readonly items?: readonly Inside[];
  readonly wrapped?: Inside;
  readonly options?: readonly Inside[];
}

/**
 * The value as the schema reads it, or the first thing that is wrong with it: one sentence that names `source`, the field,
 * what it is and what it must be.
 */
export function check<S extends Schema>(schema: S, value: unknown, source: string): Checked<Of<S>> {
  const read = safeParse(schema, value, { abortEarly: true });
  if (read.success) return { value: read.output as Of<S>, problem: null };
  const [{ message, expected, path }] = read.issues;
  const keys = (path ?? []).map(({ key }) => key as string | number);
  const root = { schema: schema as unknown as Inside, value, around: null, source, path: "" };
  const problem =
    message === STRANGER ? strangerSentence(root, keys) : sentence(keys.reduce(member, root), message, expected);
  return { value: null, problem };
}

/** A value in a document: its schema, the object it is a member of, and how errors name it. */
interface Place {
  readonly schema: Inside;
  readonly value: unknown;
  readonly around: unknown;
  readonly source: string;
  readonly path: string;
}

function sentence(place: Place, message: string, expected: string | null): string {
  const { schema, value, around } = place;
  const { noun, entries } = plain(schema);
  const name = nameOf(place);
  if (expected === SENTENCE) return `${name} ${message}`;
  if (noun && !isObject(value))
    return `${name} holds no ${noun}; it must be an object of ${Object.keys(entries ?? {})}.`;
  const rule = value === undefined || message === "" ? ruleOf(schema, around) : message;
  return `${name} ${stateOf(value)}; it must be ${rule}.`;
}

function strangerSentence(root: Place, keys: readonly (string | number)[]): string {
  const { schema, source, path } = keys.slice(0, -1).reduce(member, root);
  const { noun, entries } = plain(schema);
  const names = Object.keys(entries ?? {}).join(", ");
  const stranger = `${source}: "${keys.at(-1)}" is no field of`;
  if (noun) return `${stranger} a ${noun}; these are: ${names}.`;
  return `${stranger} ${path === "" ? "the document" : `"${path}"`}; remove it or correct it to one of ${names}.`;
}

/** A member of an object or an item of a list. What has a noun is a source of its own. */
function member(place: Place, key: string | number): Place {
  const schema = inside(plain(place.schema), key, place.value);
  const value = memberOf(place.value, key);
  const path = extended(place, key);
  const around = place.value;
  return plain(schema).noun
    ? { schema, value, around, source: nameOf({ source: place.source, path }), path: "" }
    : { schema, value, around, source: place.source, path };
}

function nameOf({ source, path }: Pick<Place, "source" | "path">): string {
  return path === "" ? source : `${source}: "${path}"`;
}

function extended({ schema, path }: Place, key: string | number): string {
  const { type } = plain(schema);
  if (type === "record" || type === "map") return `${path}[${JSON.stringify(key)}]`;
  if (typeof key === "number") return `${path}[${key}]`;
  return path === "" ? key : `${path}.${key}`;
}

function stateOf(value: unknown): string {
  if (value === undefined) return "is missing";
  const text = typeof value === "number" ? String(value) : (JSON.stringify(value) ?? String(value));
  return `is ${text.length > SHOWN ? `${text.slice(0, SHOWN)}…` : text}`;
}

function ruleOf({ rule, message, wrapped }: Inside, around: unknown): string {
  if (rule) return rule(around);
  return typeof message === "string" || !wrapped ? String(message) : ruleOf(wrapped, around);
}

function plain(schema: Inside): Inside {
  return schema.wrapped ? plain(schema.wrapped) : schema;
}

function inside(schema: Inside, key: string | number, value: unknown): Inside {
  if (schema.entries) return schema.entries[key] as Inside;
  if (schema.item) return schema.item;
  if (schema.type === "record" || schema.type === "map") return schema.value as Inside;
  if (schema.items) return schema.items[key as number] as Inside;
  if (key === schema.key) return schema;
  const kind = memberOf(value, schema.key as string);
  const option = schema.options?.find(({ entries }) => {
    return safeParse(entries?.[schema.key as string] as unknown as Schema, kind).success;
  });
  return option?.entries?.[key] as Inside;
}

function memberOf(value: unknown, key: string | number): unknown {
  if (value instanceof Map) return value.get(key);
  const isOwn = typeof value === "object" && value !== null && Object.hasOwn(value, key);
  return isOwn ? (value as Readonly<Record<string | number, unknown>>)[key] : undefined;
}
