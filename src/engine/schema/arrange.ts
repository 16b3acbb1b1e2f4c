import { is } from "valibot";
import type { Schema } from "./define.ts";
import { isObject } from "./running.ts";

interface Inside {
  readonly type: string;
  readonly entries?: Readonly<Record<string, Inside>>;
  readonly value?: Inside;
  readonly wrapped?: Inside;
  readonly options?: readonly Inside[];
}

/** A value that a schema takes, its members in the schema's order and records sorted by key; lists stay as they are. */
export function arranged(schema: Schema, value: unknown): unknown {
  return arrange(schema as unknown as Inside, value);
}

function arrange(schema: Inside, value: unknown): unknown {
  if (!isObject(value)) return value;
  if (schema.wrapped) return arrange(schema.wrapped, value);
  const { entries, options, value: member } = schema;
  if (entries) {
    const present = Object.keys(entries).filter((key) => Object.hasOwn(value, key));
    return Object.fromEntries(present.map((key) => [key, arrange(entries[key]!, value[key])]));
  }
  if (options) return arrange(options.find((option) => is(option as unknown as Schema, value))!, value);
  const keys = Object.keys(value).sort();
  return Object.fromEntries(keys.map((key) => [key, member ? arrange(member, value[key]) : value[key]]));
}
