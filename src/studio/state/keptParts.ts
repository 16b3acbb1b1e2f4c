import { count, fields, number, type Of, text } from "../../engine/schema/define.ts";

/** What is known of one stored record without reading it. */
export const KEPT_PART = fields({
  /** Store and key. */
  id: text,
  store: text,
  key: text,
  /** Of the model. */
  sha256: text,
  /** About as many as its values take, uncompressed. */
  bytes: count,
  /** When it was stored last: milliseconds since 1970. */
  savedAt: number,
});
export type KeptPart = Of<typeof KEPT_PART>;

/** What all records but kept files may come to, and what these may, in bytes. */
export const MOST_RECORD_BYTES = 256e6;
export const MOST_FILE_BYTES = 1e9;

/** Stores in the order in which they give way: what samples make again, what takes long to learn, what was measured, the recipe itself. */
const GIVING_WAY = ["begun", "calibrations", "tunings", "roundings", "finetunings", "codes", "results", "sessions"];

const MADE_AGAIN = GIVING_WAY.slice(0, GIVING_WAY.indexOf("results"));

/** What is known of a record that is stored now. */
export function partOf(store: string, record: object, savedAt: number): KeptPart {
  const { id, sha256 } = record as { readonly id?: string; readonly sha256: string };
  const key = id ?? sha256;
  return { id: `${store} ${key}`, store, key, sha256, bytes: sizeOf(record), savedAt };
}

/** About how many bytes a value takes: of arrays of numbers eight each, of files what they hold. */
export function sizeOf(value: unknown): number {
  if (typeof value === "string") return value.length;
  if (typeof value !== "object" || value === null) return 8;
  if (ArrayBuffer.isView(value)) return value.byteLength;
  if (value instanceof Blob) return value.size;
  if (Array.isArray(value)) {
    return typeof value[0] === "number" ? 8 * value.length : value.reduce((sum, each) => sum + sizeOf(each), 0);
  }
  const entries = value instanceof Map ? [...value] : Object.entries(value);
  return entries.reduce((sum, [name, each]) => sum + sizeOf(name) + sizeOf(each), 0);
}

/**
 * What has to go so that records and kept files are within their bounds, oldest first of each store, and nothing of the model `open`; and
 * whether what stays is within them.
 */
export function evictions(
  parts: readonly KeptPart[],
  open: string,
  mostRecords = MOST_RECORD_BYTES,
  mostFiles = MOST_FILE_BYTES,
): { readonly gone: readonly KeptPart[]; readonly fits: boolean } {
  const files = parts.filter(({ store }) => store === "files");
  const records = parts.filter(({ store }) => store !== "files");
  const found = [within(records, open, mostRecords), within(files, open, mostFiles)];
  return { gone: found.flatMap(({ gone }) => gone), fits: found.every(({ fits }) => fits) };
}

/**
 * What of other models goes so that `bytes` more find room: only what samples or the machine make again, in the order in which it gives way;
 * nothing where all of that would be less.
 */
export function makingWay(parts: readonly KeptPart[], open: string, bytes: number): readonly KeptPart[] {
  const madeAgain = parts.filter(({ store }) => MADE_AGAIN.includes(store));
  const { gone } = within(madeAgain, open, totalOf(madeAgain) - bytes);
  return totalOf(gone) >= bytes ? gone : [];
}

function within(parts: readonly KeptPart[], open: string, most: number) {
  const rank = ({ store }: KeptPart) => GIVING_WAY.indexOf(store);
  const others = parts.filter(({ sha256 }) => sha256 !== open);
  const inOrder = [...others].sort((a, b) => rank(a) - rank(b) || a.savedAt - b.savedAt);
  let bytes = totalOf(parts);
  const gone: KeptPart[] = [];
  for (const part of inOrder) {
    if (bytes <= most) break;
    gone.push(part);
    bytes -= part.bytes;
  }
  return { gone, fits: bytes <= most };
}

export function totalOf(parts: readonly KeptPart[]): number {
  return parts.reduce((sum, { bytes }) => sum + bytes, 0);
}
