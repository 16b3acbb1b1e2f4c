import { SHARD, type Shard } from "../model/shard.ts";
import { about, fields, into, type Schema, text } from "../schema/define.ts";
import { CALIBRATION_SCHEMA, writeCalibration } from "./cache.ts";
import { type Document, heading, headingSchema, readDocument } from "./document.ts";
import { writeCompactJson } from "./json.ts";

/** docs/schemas/shard.schema.json is made from this. */
export const SHARD_FILE = fields({
  ...headingSchema("shard"),
  tool: about("Who wrote it, with version.", text),
  ...SHARD,
  calibration: about("What was observed of these samples, as a calibration cache has it.", CALIBRATION_SCHEMA),
});

const DOCUMENT = {
  kind: "shard",
  schema: into(SHARD_FILE, ({ kind, version, tool, ...shard }) => shard),
  past: [],
} as const satisfies Document<Schema>;

/** One part of a calibration. Equal shards give equal bytes. */
export function writeShard({ calibration, ...about }: Shard, tool: string): string {
  const head = { ...heading("shard"), tool, ...about };
  const lines = Object.entries(head).map(([key, value]) => `"${key}": ${writeCompactJson(value)}`);
  return `{\n${lines.join(",\n")},\n"calibration": ${writeCalibration(calibration, tool).trimEnd()}\n}\n`;
}

/** Reads what writeShard wrote, losing nothing. Throws InputError as readDocument does. */
export function readShard(text: string, fileName: string): Shard {
  return readDocument(DOCUMENT, text, fileName);
}
