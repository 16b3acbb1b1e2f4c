import type { PathFile } from "../../workers/protocol.ts";

export interface SortedFiles {
  readonly models: readonly PathFile[];
  /** What may hold the weights of the model that it came with. */
  readonly beside: readonly PathFile[];
  /** Recipes and calibration caches. */
  readonly documents: readonly PathFile[];
  readonly data: readonly PathFile[];
}

const MODEL = /\.onnx$/i;
const DOCUMENT = /(^|[./])(recipe|calibration)\.json(\.age)?$/i;
const SAMPLES =
  /\.(npy|npz|jsonl|ndjson|zip|csv|gz|jpe?g|png|webp|gif|bmp|tiff?|avif|heic)$|ubyte$|idx\d?$|(label|class|synset|categor)[^/]*\.txt$/i;
const REPORT = /\.report\.json(\.age)?$/i;
/** Of a result, what nobody opens: its report, who signed that, and what is for other tools. */
const OF_RESULT =
  /\.report\.(html(\.age)?|json(\.age)?(\.sig)?)$|\.trt\.cache(\.age)?$|\.ort-ranges\.json(\.age)?$|\.pem$/i;
const LABELS = /\.csv$|labels[^/]*(\.gz)?$|(class|synset|categor)[^/]*\.txt$/i;

/**
 * Tells a dropped set apart by name: models, documents to import, and everything else, which is data, but for what of a result nobody opens; with a model,
 * only what is named like samples or labels is data, and the rest may hold its weights.
 */
export function sortFiles(files: readonly PathFile[]): SortedFiles {
  const models = files.filter(({ path }) => MODEL.test(path));
  const documents = files.filter(({ path }) => DOCUMENT.test(path));
  const others = files.filter(({ path }) => !MODEL.test(path) && !DOCUMENT.test(path) && !OF_RESULT.test(path));
  if (models.length === 0) return { models, beside: [], documents, data: others };
  const data = others.filter(({ path }) => SAMPLES.test(path));
  return { models, beside: others.filter((file) => !data.includes(file)), documents, data };
}

/** Whether a file is a report for programs, a recipe or a calibration, a key, or an archive, by its name; the first three may be encrypted. */
export const isReport = (path: string) => REPORT.test(path);
export const isDocument = (path: string) => DOCUMENT.test(path);
export const isKey = (path: string) => /\.pem$/i.test(path);
export const isZip = (path: string) => /\.zip$/i.test(path);

/** Whether a set holds labels only, and so belongs to the data already there. */
export function onlyLabels(files: readonly PathFile[]): boolean {
  return files.length > 0 && files.every((file) => LABELS.test(file.path));
}

/** The files that hold the samples: all but labels, where there are others. */
export function samplesAmong(files: readonly PathFile[]): readonly PathFile[] {
  const samples = files.filter((file) => file.input !== undefined || !LABELS.test(file.path));
  return samples.length > 0 ? samples : files;
}

/** The files of two sets; where both have a path, the later set's file counts. */
export function mergeFiles(earlier: readonly PathFile[], later: readonly PathFile[]): PathFile[] {
  return [...new Map([...earlier, ...later].map((file) => [file.path, file])).values()];
}

/** A set in which an input gets other files than before; paths stay apart where two inputs get files of one name. */
export function filesFor(input: string, files: readonly PathFile[], earlier: readonly PathFile[]): PathFile[] {
  const others = earlier.filter((file) => file.input !== input);
  const taken = new Set(others.filter((file) => file.input !== undefined).map(({ path }) => path));
  const given = files.map(({ path, file }) => ({ path: taken.has(path) ? `${input}/${path}` : path, file, input }));
  return mergeFiles(others, given);
}

/** Files of an <input>; a chosen folder keeps the paths below it. */
export function fromInput(list: FileList): PathFile[] {
  return [...list].map((file) => ({ path: file.webkitRelativePath || file.name, file }));
}

/** Files of a drop, those inside folders with their paths. Must be called while the drop event is handled. */
export async function fromDrop(transfer: DataTransfer): Promise<PathFile[]> {
  const dropped = [...transfer.items]
    .filter((item) => item.kind === "file")
    .map((item) => ({ entry: item.webkitGetAsEntry(), file: item.getAsFile() }));
  const files = dropped.map(async ({ entry, file }) => {
    // Of a file that has no path, as one that a page made, WebKit gives an entry that cannot be read.
    if (entry?.isDirectory) return filesBelow(entry);
    return file ? [{ path: file.name, file }] : [];
  });
  return (await Promise.all(files)).flat();
}

async function filesBelow(entry: FileSystemEntry): Promise<PathFile[]> {
  if (entry.isFile) {
    const file = await new Promise<File>((resolve, reject) => (entry as FileSystemFileEntry).file(resolve, reject));
    return [{ path: entry.fullPath.replace(/^\//, ""), file }];
  }
  const reader = (entry as FileSystemDirectoryEntry).createReader();
  const children: FileSystemEntry[] = [];
  for (;;) {
    const batch = await new Promise<FileSystemEntry[]>((resolve, reject) => reader.readEntries(resolve, reject));
    if (batch.length === 0) break;
    children.push(...batch);
  }
  return (await Promise.all(children.map(filesBelow))).flat();
}
