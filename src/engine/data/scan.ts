import type { DataFile } from "../model/dataset.ts";
import { InputError, type Notice } from "../model/job.ts";
import { plural } from "../values/figures.ts";
import { type ArrayFile, endOf } from "./array.ts";
import { exactFile } from "./exactFile.ts";
import { gunzipFile, gunzipHead } from "./gzip.ts";
import { readIdx } from "./idx.ts";
import { type Content, MAGIC_BYTES, sniff } from "./magic.ts";
import { readNpy } from "./npy.ts";
import { type NpzFile, readNpz } from "./npz.ts";

/** The files of a data set, told apart by their content, each list in the byte order of paths. */
export interface Scan {
  readonly images: readonly DataFile[];
  readonly arrays: readonly ArrayFile[];
  readonly npz: readonly NpzFile[];
  readonly labels: { readonly tables: readonly DataFile[]; readonly arrays: readonly ArrayFile[] };
  readonly notices: readonly Notice[];
}

/** Files looked at at the same time. */
const PARALLEL = 32;

export function baseName(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}

/** Orders by the UTF-8 bytes of the paths, on which every machine agrees. */
export function sortByPath<T extends { readonly path: string }>(files: readonly T[]): T[] {
  const encoder = new TextEncoder();
  const keyed = files.map((file) => ({ file, key: encoder.encode(file.path) }));
  keyed.sort(({ key: a }, { key: b }) => {
    const length = Math.min(a.length, b.length);
    for (let i = 0; i < length; i++) if (a[i] !== b[i]) return a[i]! - b[i]!;
    return a.length - b.length;
  });
  return keyed.map(({ file }) => file);
}

function isHidden(path: string): boolean {
  return baseName(path).startsWith(".") || path.includes("__MACOSX/");
}

function isClutter(path: string): boolean {
  const name = baseName(path);
  return /^(thumbs\.db|desktop\.ini|readme|licen[cs]e)/i.test(name) || /\.(json|txt|md|html?|py)$/i.test(name);
}

function isLabelTable(path: string): boolean {
  const name = baseName(path);
  return /\.csv$/i.test(name) || (/label/i.test(name) && /\.txt$/i.test(name));
}

function isLabelArray({ format, file, dims, type }: ArrayFile): boolean {
  if (file.input !== undefined) return false;
  return dims.length === 1 && /^u?int/.test(type) && (format === "idx" || /label/i.test(baseName(file.path)));
}

type Found = Exclude<Content, "gzip" | "zip"> | "npz" | "table" | "clutter" | "unknown";

interface Look {
  readonly found: Found;
  readonly file: DataFile;
  /** Bytes at the end that are no part of it. */
  readonly garbage?: number;
}

async function look(file: DataFile): Promise<Look> {
  if (isHidden(file.path)) return { found: "clutter", file };
  const content = sniff(await file.read(0, Math.min(MAGIC_BYTES, file.size)));
  if (content === "gzip") {
    const inner = sniff(await gunzipHead(file));
    if (inner !== "npy" && inner !== "idx") return { found: "unknown", file };
    return { found: inner, ...(await gunzipFile(file)) };
  }
  const isNpz = /\.npz$/i.test(file.path);
  if (content === "zip") return { found: isNpz ? "npz" : "unknown", file };
  if (content) return { found: content, file };
  if (isNpz) throw new InputError(`${file.path} is no .npz file; write it again with numpy.savez.`);
  if (isLabelTable(file.path)) return { found: "table", file };
  if (isClutter(file.path)) return { found: "clutter", file };
  if (/\.npy$/i.test(file.path)) throw new InputError(`${file.path} is no .npy file; write it again with numpy.save.`);
  // A damaged image stays a sample, so that it is skipped and counted like one that fails to decode.
  return { found: /\.(jpe?g|png|webp)$/i.test(file.path) ? "jpeg" : "unknown", file };
}

function ignored(kind: Notice["kind"], files: readonly DataFile[], what: string): Notice[] {
  if (files.length === 0) return [];
  const names = files.slice(0, 3).map(({ path }) => path);
  const more = files.length > names.length ? ` and ${files.length - names.length} more` : "";
  return [{ kind, subject: files[0]!.path, message: `Ignored ${what}: ${names.join(", ")}${more}.` }];
}

function trailing({ path }: DataFile, bytes: number, what: string): Notice {
  return { kind: "warning", subject: path, message: `Ignored ${plural(bytes, "byte")} after the end of its ${what}.` };
}

/**
 * Looks at the first bytes of each file. Images are not read further; arrays to the end of their header, and arrays
 * in gzip are inflated and held. Throws InputError naming an array that is damaged. A read, now or later, that gives less
 * than the file held at first throws FileChanged.
 */
export async function scanFiles(files: readonly DataFile[]): Promise<Scan> {
  const images: DataFile[] = [];
  const arrays: ArrayFile[] = [];
  const npz: NpzFile[] = [];
  const tables: DataFile[] = [];
  const labelArrays: ArrayFile[] = [];
  const clutter: DataFile[] = [];
  const unknown: DataFile[] = [];
  const padded: Notice[] = [];
  const sorted = sortByPath(files).map(exactFile);
  for (let start = 0; start < sorted.length; start += PARALLEL) {
    for (const { found, file, garbage = 0 } of await Promise.all(sorted.slice(start, start + PARALLEL).map(look))) {
      if (garbage > 0) padded.push(trailing(file, garbage, "gzip data, which is whole"));
      if (found === "npy" || found === "idx") {
        const array = await (found === "npy" ? readNpy(file) : readIdx(file));
        const rest = file.size - endOf(array);
        if (rest > 0) padded.push(trailing(file, rest, "array; if several were saved into it, save them as one"));
        (isLabelArray(array) ? labelArrays : arrays).push(array);
      } else if (found === "npz") npz.push(await readNpz(file));
      else if (found === "table") tables.push(file);
      else if (found === "clutter") clutter.push(file);
      else if (found === "unknown") unknown.push(file);
      else images.push(file);
    }
  }
  return {
    images,
    arrays,
    npz,
    labels: { tables, arrays: labelArrays },
    notices: [
      ...padded,
      ...ignored("info", clutter, "files that are no data"),
      ...ignored("warning", unknown, "files that are no JPEG, PNG, WebP, .npy, .npz or IDX"),
    ],
  };
}
