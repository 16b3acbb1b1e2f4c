import { InputError } from "../model/job.ts";
import { type PastShape, renewed } from "../model/past/shape.ts";
import { read } from "../model/read.ts";
import { type DocumentKind, VERSIONS } from "../model/versions.ts";
import { exactly, having, integer, type Of, type Schema } from "../schema/define.ts";
import { isObject } from "../schema/running.ts";

/** A document as it is in a file: its schema, and the shapes that it had before, oldest first. */
export interface Document<S extends Schema> {
  readonly kind: DocumentKind;
  readonly schema: S;
  readonly past: readonly PastShape[];
}

/** The members that begin a document of this kind. */
export function heading(kind: DocumentKind): { readonly kind: string; readonly version: number } {
  return { kind: `octet-${kind}`, version: VERSIONS[kind] };
}

/** Their schema. */
export function headingSchema<K extends DocumentKind>(kind: K) {
  const version = VERSIONS[kind];
  return { kind: exactly(`octet-${kind}`), version: exactly(version, `a whole number, ${version} to ${version}`) };
}

/**
 * What a JSON file is, by its "kind".
 * Throws InputError when it is not JSON, is cut off, or is no document of ours.
 */
export function classify(text: string, fileName: string): DocumentKind {
  return kindOf(parseObject(text, fileName), fileName);
}

/**
 * Reads a document of this version or of one before and checks every field; one that is not known is an error too, since
 * a misspelt setting would otherwise be silently without effect.
 * Throws InputError as classify does, and when the document is of another kind or a version to come, or a field is wrong.
 */
export function readDocument<S extends Schema>(
  { kind, schema, past }: Document<S>,
  text: string,
  fileName: string,
): Of<S> {
  const object = parseObject(text, fileName);
  const found = kindOf(object, fileName);
  if (found !== kind) throw new InputError(`${fileName} is an Octet ${found}, not a ${kind}; give the ${kind} file.`);
  const { version } = read(VERSIONED, object, fileName);
  if (version > VERSIONS[kind]) {
    throw new InputError(
      `${fileName} is a ${kind} of version ${version} and this Octet reads version ${VERSIONS[kind]}; update Octet.`,
    );
  }
  return read(schema, renewed(object, past), fileName);
}

const VERSIONED = having({ version: integer(1) });

function kindOf(object: Readonly<Record<string, unknown>>, fileName: string): DocumentKind {
  for (const kind of Object.keys(VERSIONS) as DocumentKind[]) if (object.kind === heading(kind).kind) return kind;
  throw new InputError(
    `${fileName} is JSON but neither an Octet recipe nor a calibration or report; its "kind" must say octet-recipe, octet-calibration or octet-report.`,
  );
}

/** Why JSON could not be read, on one line: what is quoted of a file may hold characters that a terminal obeys. */
export function reasonOf(error: unknown): string {
  return (error as Error).message.replace(/[\s\p{Cc}]+/gu, " ");
}

function parseObject(text: string, fileName: string): Readonly<Record<string, unknown>> {
  const json = text.trim();
  if (json === "") throw new InputError(`${fileName} is empty; export it again.`);
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch (error) {
    throw new InputError(`${fileName} is not complete JSON (${reasonOf(error)}); copy or export it again.`);
  }
  if (!isObject(value)) {
    throw new InputError(`${fileName} is JSON but no object, so it is no Octet recipe, calibration or report.`);
  }
  return value;
}
