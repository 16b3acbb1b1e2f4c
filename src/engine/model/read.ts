import { check } from "../schema/check.ts";
import type { Of, Schema } from "../schema/define.ts";
import { InputError } from "./job.ts";

/** A value as its schema has it. Throws InputError, which names `source` and the field, where it is not. */
export function read<S extends Schema>(schema: S, value: unknown, source: string): Of<S> {
  const checked = check(schema, value, source);
  if (checked.problem !== null) throw new InputError(checked.problem);
  return checked.value;
}
