import type { DataFile } from "../model/dataset.ts";
import type { Scan } from "./scan.ts";

/** The names of a model's classes, in the order of its output. */
export interface ClassList {
  readonly path: string;
  readonly names: readonly string[];
}

/** Which of the files that may hold labels are tables of them, and which list the names of classes: `labels.txt` may be either. */
export async function classLists({ tables, lists }: Scan["labels"]): Promise<{
  readonly tables: readonly DataFile[];
  readonly lists: readonly ClassList[];
}> {
  const found: DataFile[] = [];
  const all: ClassList[] = [];
  for (const file of [...lists, ...tables]) {
    const isEither = /\.txt$/i.test(file.path);
    const isList = lists.includes(file);
    if (!isEither || (!isList && isTable(await headOf(file)))) {
      found.push(file);
      continue;
    }
    const lines = linesOf(await file.read());
    if (isList || (lines.length > 0 && !isTable(lines))) all.push({ path: file.path, names: lines });
    else found.push(file);
  }
  return { tables: found, lists: all };
}

/** Bytes in which a table is told, so that one of millions of rows is not read whole for that. */
const HEAD = 2 ** 16;

/** The whole lines at the beginning of a file. */
async function headOf(file: DataFile): Promise<readonly string[]> {
  const lines = linesOf(await file.read(0, Math.min(HEAD, file.size)));
  return file.size > HEAD ? lines.slice(0, -1) : lines;
}

/** The lines but for empty ones at the end: a line's place is the number of its class. */
function linesOf(bytes: Uint8Array): string[] {
  const lines = new TextDecoder()
    .decode(bytes)
    .trimEnd()
    .split(/\r?\n/)
    .map((line) => line.trim());
  return lines.length === 1 && lines[0] === "" ? [] : lines;
}

function isTable(lines: readonly string[]): boolean {
  const isRow = (line: string) => /,\s*"?\d+"?\s*(,|$)|\.(jpe?g|png|webp|npy)"?[,\s]/i.test(line);
  const isHeader = /(^|,)\s*label\s*(,|$)/i.test(lines[0] ?? "");
  return isHeader || lines.some(isRow);
}
