import { isObject } from "../../schema/running.ts";

export type Json = Readonly<Record<string, unknown>>;

/** A shape that a document once had: how it is told, and what makes of it the shape that came after. */
export interface PastShape {
  readonly is: (document: Json) => boolean;
  readonly next: (document: Json) => Json;
}

/** A document in the shape of today, where it has one that once was; anything else as it is. `past` is oldest first. */
export function renewed(document: unknown, past: readonly PastShape[]): unknown {
  if (!isObject(document)) return document;
  return past.reduce((now, { is, next }) => (is(now) ? next(now) : now), document);
}

/** Whether an object has this member, which is an object that has none of the others. */
export function memberLacks(object: Json, member: string, ...keys: readonly string[]): boolean {
  const inner = object[member];
  return isObject(inner) && lacks(inner, ...keys);
}

export function lacks(object: Json, ...keys: readonly string[]): boolean {
  return keys.every((key) => !Object.hasOwn(object, key));
}
