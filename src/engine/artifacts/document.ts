import { InputError } from "../model/job.ts";
import { Field } from "./field.ts";

/** The JSON documents that Octet reads back. */
const KINDS = ["recipe", "calibration", "report"] as const;
export type DocumentKind = (typeof KINDS)[number];

const VERSIONS: Readonly<Record<DocumentKind, number>> = { recipe: 1, calibration: 1, report: 1 };

/** The members that begin a document of this kind. */
export function heading(kind: DocumentKind): { readonly kind: string; readonly version: number } {
  return { kind: `octet-${kind}`, version: VERSIONS[kind] };
}

/**
 * What a JSON file is, by its "kind".
 * Throws InputError when it is not JSON, is cut off, or is no document of ours.
 */
export function classify(text: string, fileName: string): DocumentKind {
  return kindOf(parseObject(text, fileName), fileName);
}

/**
 * The root of a document of this kind.
 * Throws InputError as classify does, and when the document is of another kind or version.
 */
export function openDocument(text: string, fileName: string, kind: DocumentKind): Field {
  const object = parseObject(text, fileName);
  const found = kindOf(object, fileName);
  if (found !== kind) throw new InputError(`${fileName} is an Octet ${found}, not a ${kind}; give the ${kind} file.`);
  const root = new Field(object, fileName);
  const version = root.at("version").integer(1);
  if (version !== VERSIONS[kind]) {
    throw new InputError(
      `${fileName} is a ${kind} of version ${version} and this Octet reads version ${VERSIONS[kind]}; update Octet.`,
    );
  }
  return root;
}

function kindOf(object: Readonly<Record<string, unknown>>, fileName: string): DocumentKind {
  for (const kind of KINDS) if (object.kind === heading(kind).kind) return kind;
  throw new InputError(
    `${fileName} is JSON but neither an Octet recipe nor a calibration or report; its "kind" must say octet-recipe, octet-calibration or octet-report.`,
  );
}

function parseObject(text: string, fileName: string): Record<string, unknown> {
  const json = text.trim();
  if (json === "") throw new InputError(`${fileName} is empty; export it again.`);
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch (error) {
    const why = (error as Error).message.replace(/\s+/g, " ");
    throw new InputError(`${fileName} is not complete JSON (${why}); copy or export it again.`);
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new InputError(`${fileName} is JSON but no object, so it is no Octet recipe, calibration or report.`);
  }
  return value as Record<string, unknown>;
}
