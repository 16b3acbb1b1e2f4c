import { SENSITIVITY_SHARD, type SensitivityShard } from "../model/sensitivityShard.ts";
import { about, fields, into, type Schema, text } from "../schema/define.ts";
import { type Document, heading, headingSchema, readDocument } from "./document.ts";
import { writeJson } from "./json.ts";

/** docs/schemas/sensitivity-shard.schema.json is made from this. */
export const SENSITIVITY_SHARD_FILE = fields({
  ...headingSchema("sensitivity-shard"),
  tool: about("Who wrote it, with version.", text),
  ...SENSITIVITY_SHARD,
});

const DOCUMENT = {
  kind: "sensitivity-shard",
  schema: into(SENSITIVITY_SHARD_FILE, ({ kind, version, tool, ...shard }) => shard),
  past: [],
} as const satisfies Document<Schema>;

/** One part of a sensitivity measurement. */
export function writeSensitivityShard(shard: SensitivityShard, tool: string): string {
  return writeJson({ ...heading("sensitivity-shard"), tool, ...shard });
}

/** Reads what writeSensitivityShard wrote, losing nothing. Throws InputError as readDocument does. */
export function readSensitivityShard(text: string, fileName: string): SensitivityShard {
  return readDocument(DOCUMENT, text, fileName);
}
