import type { DataFile } from "../model/dataset.ts";
import { InputError, type Notice } from "../model/job.ts";
import { integerLimits } from "../values/elementTypes.ts";
import { firstOf } from "../values/figures.ts";
import type { SampleFile } from "./arrange.ts";
import { type ArrayFile, readElements } from "./array.ts";
import { csvRows } from "./csvRows.ts";
import { LabelList } from "./labelList.ts";
import { NameIndex } from "./nameIndex.ts";
import { baseName, type Scan } from "./scan.ts";

/** The samples of each file lie at start..start+count. */
interface Span extends Pick<SampleFile, "path" | "count"> {
  readonly start: number;
}

/** The samples that labels are of, in the order of their files. */
interface Listed {
  readonly count: number;
  /** Where a sample is from. */
  readonly sourceOf: (sample: number) => string;
}

export interface Labels {
  /** Class index by sample; null when there are no labels at all. */
  readonly labels: LabelList | null;
  readonly notices: readonly Notice[];
}

const [, MAX_CLASS] = integerLimits("int32");

function isClass(text: string | undefined): text is string {
  return text !== undefined && /^\d+$/.test(text) && Number(text) <= MAX_CLASS;
}

/** Finds the sample that a row's file means: by source or path, or by base name where that is enough. */
function sampleFinder({ count, sourceOf }: Listed): (file: string, where: string) => number | null {
  const names = new NameIndex(count, (sample) => baseName(sourceOf(sample)));
  return (file, where) => {
    const named = names.named(baseName(file));
    if (named.length < 2) return named[0] ?? null;
    const exact = named.filter((i) => {
      const source = sourceOf(i);
      return source === file || source.endsWith(`/${file}`) || file.endsWith(`/${source}`);
    });
    if (exact.length === 1) return exact[0]!;
    throw new InputError(`${where}: "${file}" is the name of ${named.length} files; give it with its folder.`);
  };
}

async function readTable(
  file: DataFile,
  find: ReturnType<typeof sampleFinder>,
  labels: LabelList,
): Promise<readonly Notice[]> {
  let columns: readonly [file: number, label: number] | null = null;
  let strangers = 0;
  let stranger = "";
  for await (const { line, cells } of csvRows(file)) {
    if (!columns) {
      const names = cells.map((cell) => cell.toLowerCase());
      const named = names.includes("file") && names.includes("label");
      columns = named ? [names.indexOf("file"), names.indexOf("label")] : [0, 1];
      if (named || (!isClass(cells[1]) && find(cells[0]!, file.path) === null)) continue;
    }
    const where = `${file.path}, line ${line}`;
    const [name, label] = columns.map((column) => cells[column]);
    if (!name || !label) throw new InputError(`${where}: a file or a label is missing; rows must be file,label.`);
    if (!isClass(label)) {
      throw new InputError(
        `${where}: "${label}" is no class index; give the position of the class in the model's output, from 0.`,
      );
    }
    const at = find(name, where);
    if (at === null) {
      if (strangers === 0) stranger = name;
      strangers++;
      continue;
    }
    const before = labels.at(at);
    if (before !== null && before !== Number(label)) {
      throw new InputError(`${where}: "${name}" has the label ${before} already; leave one of the two out.`);
    }
    labels.set(Number(label), at);
  }
  if (!columns) throw new InputError(`${file.path} is empty; it must have rows of file,label.`);
  if (strangers === 0) return [];
  const message = `${strangers} of its files are not among the data, such as ${stranger}.`;
  return [{ kind: "info", subject: file.path, message }];
}

/** What a file of labels and its file of data have in common: "train" for train-labels-idx1-ubyte.gz. */
function stem(path: string): string {
  return path
    .toLowerCase()
    .replace(/\.gz$/, "")
    .replace(/[-.]idx\d(-ubyte)?$|\.npy$|\.idx$/, "")
    .replace(/[-_.]?(labels?|images?)[-_.]?/g, "");
}

function spanOf(array: ArrayFile, spans: readonly Span[]): Span {
  const count = array.dims[0]!;
  const { path } = array.file;
  const partner = spans.find((span) => stem(span.path) === stem(path));
  if (partner && partner.count !== count) {
    throw new InputError(
      `${path} holds ${count} labels for the ${partner.count} samples of ${partner.path}; match them.`,
    );
  }
  if (partner) return partner;
  const total = spans.reduce((sum, span) => sum + span.count, 0);
  if (total === count) return { path, start: 0, count };
  const fitting = spans.filter((span) => span.count === count);
  if (fitting.length === 1) return fitting[0]!;
  const problem = fitting.length === 0 ? `fit none of the data (${total} samples in all)` : "fit several files";
  throw new InputError(`${path} holds ${count} labels, which ${problem}; name it like the data, or leave it out.`);
}

/** Labels of a vector that are read at a time. */
const PART = 2 ** 16;

async function readLabelArray(array: ArrayFile, spans: readonly Span[], labels: LabelList): Promise<void> {
  const { start, count } = spanOf(array, spans);
  for (let first = 0; first < count; first += PART) {
    const values = await readElements(array, first, Math.min(PART, count - first));
    for (let i = 0; i < values.length; i++) {
      setLabel(labels, start + first + i, Number(values[i]), { path: array.file.path, index: first + i });
    }
  }
}

function setLabel(
  labels: LabelList,
  sample: number,
  label: number,
  { path, index }: { readonly path: string; readonly index: number },
): void {
  if (label < 0 || label > MAX_CLASS) {
    throw new InputError(`${path}: label ${label} at index ${index} is no class index, which counts from 0.`);
  }
  const before = labels.at(sample);
  if (before !== null && before !== label) {
    throw new InputError(
      `${path}: the sample at index ${index} has the label ${before} already, not ${label}; leave one of the two files out.`,
    );
  }
  labels.set(label, sample);
}

/** Says that labels come from several files, but where each array has data of its own. */
function told({ tables, arrays }: Pick<Scan["labels"], "tables" | "arrays">, files: number): Notice[] {
  const paths = [...arrays.map(({ file }) => file), ...tables].map(({ path }) => path);
  if (paths.length < 2 || (tables.length === 0 && arrays.length <= files)) return [];
  return [{ kind: "info", subject: paths[0]!, message: `Labels come from ${paths.length} files: ${firstOf(paths)}.` }];
}

/**
 * Reads labels: CSV rows of file,label (a header is optional; files by path or base name), and vectors of integers,
 * IDX or .npy, paired with data by name (train-labels with train-images), else by the only count that fits. Throws
 * InputError naming the line of a bad row, or the file whose count does not fit.
 */
export async function readLabels(
  found: Pick<Scan["labels"], "tables" | "arrays">,
  files: readonly Pick<SampleFile, "path" | "count">[],
  listed: Listed,
): Promise<Labels> {
  if (found.tables.length + found.arrays.length === 0) return { labels: null, notices: [] };
  const labels = new LabelList(listed.count);
  let start = 0;
  const spans = files.map(({ path, count }) => {
    const span = { path, count, start };
    start += count;
    return span;
  });
  for (const array of found.arrays) await readLabelArray(array, spans, labels);
  const notices = told(found, files.length);
  if (found.tables.length > 0) {
    const find = sampleFinder(listed);
    for (const table of found.tables) notices.push(...(await readTable(table, find, labels)));
  }
  const { missing } = labels;
  if (missing > 0 && missing < labels.length) {
    const subject = listed.sourceOf(labels.firstMissing);
    notices.push({ kind: "info", subject, message: `${missing} of ${labels.length} samples have no label.` });
  }
  if (missing === labels.length) {
    const { path } = found.tables[0] ?? found.arrays[0]!.file;
    notices.push({ kind: "warning", subject: path, message: "None of its labels belongs to the data." });
    return { labels: null, notices };
  }
  return { labels, notices };
}
