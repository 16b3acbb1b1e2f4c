import { SIGNATURE, type Signature } from "../model/signature.ts";
import { fields, into, type Schema } from "../schema/define.ts";
import { type Document, heading, headingSchema, readDocument } from "./document.ts";
import { writeJson } from "./json.ts";

/** docs/schemas/signature.schema.json is made from this. */
export const SIGNATURE_FILE = fields({ ...headingSchema("signature"), ...SIGNATURE.entries });

const DOCUMENT = {
  kind: "signature",
  schema: into(SIGNATURE_FILE, ({ kind, version, ...signature }) => signature),
  past: [],
} as const satisfies Document<Schema>;

export function writeSignature(signature: Signature): string {
  return writeJson({ ...heading("signature"), ...signature });
}

/** Reads what writeSignature wrote. Throws InputError as readDocument does. */
export function readSignature(text: string, fileName: string): Signature {
  return readDocument(DOCUMENT, text, fileName);
}
