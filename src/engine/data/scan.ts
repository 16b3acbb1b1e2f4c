import type { DataFile } from "../model/dataset.ts";
import { InputError, type Notice } from "../model/job.ts";
import { plural } from "../values/figures.ts";
import { type ArrayFile, endOf } from "./array.ts";
import { exactFile } from "./exactFile.ts";
import { gunzipFile, gunzipHead } from "./gzip.ts";
import { readIdx } from "./idx.ts";
import { readJsonLines } from "./jsonLines.ts";
import { type Content, type ImageFormat, MAGIC_BYTES, sniff } from "./magic.ts";
import type { NamedFile } from "./named.ts";
import { readNpy } from "./npy.ts";
import { readNpz } from "./npz.ts";
import { zipMembers } from "./zip.ts";

/** The files of a data set, told apart by their content, each list in the byte order of paths. */
export interface Scan {
  readonly images: readonly DataFile[];
  readonly arrays: readonly ArrayFile[];
  /** Those that hold several inputs by name: .npz and .jsonl. */
  readonly named: readonly NamedFile[];
  readonly labels: {
    readonly tables: readonly DataFile[];
    readonly arrays: readonly ArrayFile[];
    /** Names of classes. */
    readonly lists: readonly DataFile[];
  };
  readonly notices: readonly Notice[];
}

/** Files looked at at the same time. */
const PARALLEL = 32;

export function baseName(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}

/** Orders by the UTF-8 bytes of the paths, on which every machine agrees. */
function sortByPath<T>(files: readonly T[], pathOf: (file: T) => string): T[] {
  const encoder = new TextEncoder();
  const keyed = files.map((file) => ({ file, key: encoder.encode(pathOf(file)) }));
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

function isClassList(path: string): boolean {
  return /(class|synset|categor)[^/]*\.txt$/i.test(baseName(path));
}

function isLabelArray({ format, file, dims, type }: ArrayFile): boolean {
  if (file.input !== undefined) return false;
  return isIntegerVector({ dims, type }) && (format === "idx" || /label/i.test(baseName(file.path)));
}

/** What can be labels, where it is said to be. */
export function isIntegerVector({ dims, type }: Pick<ArrayFile, "dims" | "type">): boolean {
  return dims.length === 1 && /^u?int/.test(type);
}

type Found = Exclude<Content, "gzip"> | "npz" | "jsonl" | "table" | "list" | "clutter" | "unknown";

interface Look {
  readonly found: Found;
  readonly file: DataFile;
  /** Bytes at the end that are no part of it. */
  readonly garbage?: number;
}

/** A file as it is listed; one in an archive is inflated again by every read until it is held. */
interface Listed {
  readonly file: DataFile;
  hold(): Promise<DataFile>;
}

async function look({ file: listed, hold }: Listed): Promise<Look> {
  const { path } = listed;
  if (isHidden(path)) return { found: "clutter", file: listed };
  const isImage = /\.(jpe?g|png|webp)$/i.test(path);
  let content: Content | null;
  try {
    content = sniff(await listed.read(0, Math.min(MAGIC_BYTES, listed.size)));
  } catch (error) {
    // A damaged image stays a sample, so that it is skipped and counted like one that fails to decode.
    if (error instanceof InputError && isImage) return { found: "jpeg", file: listed };
    throw error;
  }
  if (content && isPicture(content)) return { found: content, file: listed };
  const file = await hold();
  if (content === "gzip") {
    const inner = sniff(await gunzipHead(file));
    if (inner !== "npy" && inner !== "idx") return { found: "unknown", file };
    return { found: inner, ...(await gunzipFile(file)) };
  }
  const isNpz = /\.npz$/i.test(path);
  if (content === "zip" && isNpz) return { found: "npz", file };
  if (content) return { found: content, file };
  if (isNpz) throw new InputError(`${path} is no .npz file; write it again with numpy.savez.`);
  if (/\.(jsonl|ndjson)$/i.test(path)) return { found: "jsonl", file };
  if (isLabelTable(path)) return { found: "table", file };
  if (isClassList(path)) return { found: "list", file };
  if (isClutter(path)) return { found: "clutter", file };
  if (/\.npy$/i.test(path)) throw new InputError(`${path} is no .npy file; write it again with numpy.save.`);
  return { found: isImage ? "jpeg" : "unknown", file };
}

function isPicture(content: Content): content is ImageFormat {
  return content === "jpeg" || content === "png" || content === "webp";
}

export function ignored(kind: Notice["kind"], files: readonly Pick<DataFile, "path">[], what: string): Notice[] {
  if (files.length === 0) return [];
  const names = files.slice(0, 3).map(({ path }) => path);
  const more = files.length > names.length ? ` and ${files.length - names.length} more` : "";
  return [{ kind, subject: files[0]!.path, message: `Ignored ${what}: ${names.join(", ")}${more}.` }];
}

function trailing({ path }: DataFile, bytes: number, what: string): Notice {
  return { kind: "warning", subject: path, message: `Ignored ${plural(bytes, "byte")} after the end of its ${what}.` };
}

/**
 * Looks at the first bytes of each file, and of those in zip archives. Images are not read further; arrays to the end of
 * their header, and arrays in gzip, or deflated in an archive, are inflated and held. Throws InputError naming an array that is
 * damaged. A read, now or later, that gives less than the file held at first throws FileChanged.
 */
export async function scanFiles(files: readonly DataFile[]): Promise<Scan> {
  return scanListed(
    files.map(exactFile).map((file) => ({ file, hold: async () => file })),
    true,
  );
}

async function listArchive(archive: DataFile): Promise<Listed[]> {
  const { input } = archive;
  return (await zipMembers(archive)).map(({ name, size, open }) => ({
    file: {
      path: `${archive.path}/${name}`,
      size,
      ...(input !== undefined && { input }),
      read: async (start = 0, end = size) => (await open()).read(start, end),
    },
    hold: open,
  }));
}

async function scanListed(files: readonly Listed[], opensArchives: boolean): Promise<Scan> {
  const images: DataFile[] = [];
  const arrays: ArrayFile[] = [];
  const named: NamedFile[] = [];
  const tables: DataFile[] = [];
  const labelArrays: ArrayFile[] = [];
  const lists: DataFile[] = [];
  const clutter: DataFile[] = [];
  const unknown: DataFile[] = [];
  const padded: Notice[] = [];
  const archives: Listed[] = [];
  const sorted = sortByPath(files, ({ file }) => file.path);
  for (let start = 0; start < sorted.length; start += PARALLEL) {
    for (const { found, file, garbage = 0 } of await Promise.all(sorted.slice(start, start + PARALLEL).map(look))) {
      if (garbage > 0) padded.push(trailing(file, garbage, "gzip data, which is whole"));
      if (found === "npy" || found === "idx") {
        const array = await (found === "npy" ? readNpy(file) : readIdx(file));
        const rest = file.size - endOf(array);
        if (rest > 0) padded.push(trailing(file, rest, "array; if several were saved into it, save them as one"));
        (isLabelArray(array) ? labelArrays : arrays).push(array);
      } else if (found === "npz") named.push(await readNpz(file));
      else if (found === "jsonl") named.push(await readJsonLines(file));
      else if (found === "zip" && opensArchives) archives.push(...(await listArchive(file)));
      else if (found === "table") tables.push(file);
      else if (found === "list") lists.push(file);
      else if (found === "clutter") clutter.push(file);
      else if (found === "unknown" || found === "zip") unknown.push(file);
      else images.push(file);
    }
  }
  const scan: Scan = {
    images,
    arrays,
    named,
    labels: { tables, arrays: labelArrays, lists },
    notices: [
      ...padded,
      ...ignored("info", clutter, "files that are no data"),
      ...ignored("warning", unknown, "files that are no JPEG, PNG, WebP, .npy, .npz, .jsonl or IDX"),
    ],
  };
  return archives.length === 0 ? scan : merged(scan, await scanListed(archives, false));
}

function merged(a: Scan, b: Scan): Scan {
  const pathOf = ({ file }: { readonly file: DataFile }) => file.path;
  return {
    images: sortByPath([...a.images, ...b.images], ({ path }) => path),
    arrays: sortByPath([...a.arrays, ...b.arrays], pathOf),
    named: sortByPath([...a.named, ...b.named], pathOf),
    labels: {
      tables: [...a.labels.tables, ...b.labels.tables],
      arrays: [...a.labels.arrays, ...b.labels.arrays],
      lists: [...a.labels.lists, ...b.labels.lists],
    },
    notices: [...a.notices, ...b.notices],
  };
}
