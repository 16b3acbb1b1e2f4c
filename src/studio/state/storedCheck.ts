import { check } from "../../engine/schema/check.ts";
import type { Of, Schema } from "../../engine/schema/define.ts";
import { alarm } from "./log.ts";

const told = new Set<string>();

/**
 * Whether a stored record is as its schema has it; one that is not is left out, which is said once. The record itself goes on
 * to be used: checking changes nothing.
 */
export function sound<S extends Schema>(schema: S, record: unknown, what: string): record is Of<S> {
  const { problem } = check(schema, record, `The stored ${what}`);
  if (problem === null) return true;
  if (!told.has(problem)) alarm(`${problem.replace(/\.$/, "")}, so it is left out.`);
  told.add(problem);
  return false;
}
