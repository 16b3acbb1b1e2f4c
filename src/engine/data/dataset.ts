import type { DataFile, DataSummary, Dataset, InputSource, ModelInputs, Sample } from "../model/dataset.ts";
import { InputError, type Notice } from "../model/job.ts";
import { PRESETS, type Preprocess, type Preset, type Size } from "../model/preprocess.ts";
import type { Port, Tensor } from "../model/tensor.ts";
import { dimsText } from "../values/dims.ts";
import type { DataType } from "../values/elementTypes.ts";
import type { SampleFile } from "./arrange.ts";
import { joinTensors } from "./batches.ts";
import { type Column, readColumns } from "./columns.ts";
import { heldTensor } from "./constant.ts";
import type { Decoders } from "./decode.ts";
import { convertElements } from "./elements.ts";
import { readLabels } from "./labels.ts";
import { filledTensor, fillingOf, symbolsOf } from "./meanings.ts";
import type { Picture } from "./picture.ts";
import { applyPreprocess, checkCrop, type PreparedPicture, preparedDims, preparer } from "./preprocess.ts";
import { choosePreprocess, resolvePreset } from "./presets.ts";
import { type Scan, scanFiles } from "./scan.ts";
import { fits } from "./shape.ts";

export interface DatasetOptions {
  /** The model's inputs: those that are open are fed, or filled by what they mean. */
  readonly inputs: ModelInputs;
  /** Null lets the engine choose; a preset is fitted to the input and the data. */
  readonly preprocess: Preprocess | Preset | null;
  readonly decoders: Decoders;
  /** The only labels that count; those among the data do where it is left out. */
  readonly labels?: DataFile;
}

export interface OpenDataset extends Dataset {
  readonly kind: DataSummary["kind"];
  /** Where each input gets its values. */
  readonly inputs: readonly InputSource[];
  /** Files that hold samples; labels are not counted. */
  readonly files: number;
  /** The input that previews show: the one that pictures feed, else the first that data feeds. */
  readonly input: Port;
  /** What is applied; null for tensors, which are taken as they are. */
  readonly preprocess: Preprocess | null;
  /** That the preprocessing was chosen for want of one given: one of the notices, or null. */
  readonly assumed: Notice | null;
  /** The sample before preprocessing, or null when it is a tensor. Throws InputError as `get` does. */
  picture(index: number): Promise<Picture | null>;
  /**
   * A sample under each of some preprocessings, the picture read once; null for one that it does not suit. Throws
   * InputError as `get` does where it cannot be read, or is a tensor.
   */
  variants(index: number, preprocesses: readonly Preprocess[]): Promise<readonly (Sample | null)[]>;
  /** The same files under another preprocessing; nothing is read again. */
  withPreprocess(preprocess: DatasetOptions["preprocess"]): OpenDataset;
}

/** The one size that all pictures have, or null. */
function commonSize(files: readonly SampleFile[]): Size | null {
  const sizes = files.map((file) => (file.holds === "pictures" ? file.size : null));
  const [first = null] = sizes;
  return first && sizes.every((size) => size?.[0] === first[0] && size[1] === first[1]) ? first : null;
}

function misfit(what: string, dims: Port["dims"], input: Port): InputError {
  const wanted = `input "${input.name}" takes ${dimsText(input.dims)}`;
  return new InputError(`${what} gives ${dimsText(dims)}, but ${wanted}; change the preprocessing.`);
}

function settlePreprocess(
  files: readonly SampleFile[],
  input: Port,
  wanted: DatasetOptions["preprocess"],
): { readonly preprocess: Preprocess | null; readonly notice: Notice | null; readonly assumed: Notice | null } {
  if (files[0]!.holds === "tensors") {
    if (!wanted) return { preprocess: null, notice: null, assumed: null };
    const message = "It holds tensors, which are taken as they are: the preprocessing is not applied.";
    return { preprocess: null, notice: { kind: "warning", subject: files[0]!.path, message }, assumed: null };
  }
  const size = commonSize(files);
  const chosen = wanted ? null : choosePreprocess(input, size);
  const isPreset = (value: Preprocess | Preset): value is Preset => PRESETS.includes(value as Preset);
  const given = wanted && (isPreset(wanted) ? resolvePreset(wanted, input, size) : wanted);
  const preprocess = given ?? chosen!.preprocess;
  checkCrop(preprocess, "The preprocessing");
  const dims = [1, ...preparedDims(size, preprocess, files[0]!.path)];
  const open = dims.map((dim, i) => dim ?? (typeof input.dims[i] === "number" ? input.dims[i] : 1));
  if (!fits(open, input.dims)) throw misfit("The preprocessing", dims, input);
  const assumed = chosen?.notice ?? null;
  return { preprocess, notice: assumed, assumed };
}

/** Brings a prepared picture to the input's type and shape. */
function feedOf(prepared: PreparedPicture, input: Port, type: DataType, source: string): Tensor {
  const dims = [1, ...prepared.dims];
  if (!fits(dims, input.dims)) throw misfit(source, dims, input);
  return { type, dims, data: convertElements(prepared.data, type, `${source}, preprocessed,`) };
}

/** The column whose files name the samples: that of the pictures, else the first. */
function leadOf(columns: readonly Column[]): Column {
  const [picture, second] = columns.filter(({ files }) => files[0]!.holds === "pictures");
  if (!second) return picture ?? columns[0]!;
  throw new InputError(
    `Pictures feed one input, and are given for ${picture!.port.name} and ${second.port.name}; give tensors for one of them.`,
  );
}

function filledNotice({ name }: Port, filling: string): Notice {
  return { kind: "info", subject: name, message: `Nothing gives the input ${name}, so it is filled with ${filling}.` };
}

/** What holds each sample of a file: the file, and where in it. */
function cellsOf(files: readonly SampleFile[]) {
  return files.flatMap((file) => Array.from({ length: file.count }, (_, at) => ({ file, at })));
}

type Cell = ReturnType<typeof cellsOf>[number];

const sourceOf = ({ file, at }: Cell) => (file.count === 1 ? file.path : `${file.path}[${at}]`);

/** What holds each sample of the model, whose batch may take several of a file's. */
function groupsOf({ files, rows }: Column): Cell[][] {
  const cells = cellsOf(files);
  const count = Math.floor(cells.length / rows);
  return Array.from({ length: count }, (_, i) => cells.slice(i * rows, (i + 1) * rows));
}

function groupSource(group: readonly Cell[]): string {
  const [first, last] = [sourceOf(group[0]!), sourceOf(group.at(-1)!)];
  return group.length === 1 ? first : `${first} to ${last}`;
}

async function scanLabels(file: DataFile): Promise<Scan> {
  const scan = await scanFiles([file]);
  if (scan.labels.tables.length + scan.labels.arrays.length === 1) return scan;
  throw new InputError(
    `${file.path} holds no labels; give a .csv file with rows of file,label, or an IDX file of labels.`,
  );
}

async function labelsOf(
  { labels: given }: Scan,
  { files, rows }: Column,
): Promise<Pick<Dataset, "labels" | "notices">> {
  const { labels, notices } = await readLabels(given, files, cellsOf(files).map(sourceOf));
  if (rows === 1 || !labels) return { labels, notices };
  const batches = Array.from({ length: Math.floor(labels.length / rows) }, (_, i) => i * rows);
  return { labels: batches.map((at) => labels.slice(at, at + rows)), notices };
}

/**
 * Opens images, .npy, .npz, .jsonl or IDX files, with labels among them and in zip archives too, as samples for the inputs of a model. Only headers are
 * read here, and each sample when it is asked for. Throws InputError for files of mixed kinds or of none, for data that does
 * not fit an input, and InputsMissing for inputs that nothing gives.
 */
export async function openDataset(files: readonly DataFile[], options: DatasetOptions): Promise<OpenDataset> {
  const { inputs, decoders } = options;
  const scan = await scanFiles(files);
  const { columns, sources: inputSources, notices } = await readColumns(scan, files, inputs, decoders);
  const lead = leadOf(columns);
  const fed = columns.map(({ port }) => port);
  const filled = inputs.open.filter((port) => !fed.includes(port));
  const groups = new Map(columns.map((column) => [column, groupsOf(column)]));
  const samples = groups.get(lead)!;
  const sources = samples.map(groupSource);
  const labelled = options.labels ? await scanLabels(options.labels) : scan;
  const { labels, notices: labelNotices } = await labelsOf(labelled, lead);
  const told = [
    ...scan.notices,
    ...notices,
    ...filled.map((port) => filledNotice(port, fillingOf(port, fed)!)),
    ...(labelled === scan ? [] : labelled.notices),
    ...labelNotices,
  ];

  /** With what fills other inputs, and what is held. */
  function completed(given: ReadonlyMap<string, Tensor>): Map<string, Tensor> {
    const feeds = new Map(given);
    for (const port of filled) feeds.set(port.name, filledTensor(port, fed, feeds));
    const symbols = symbolsOf(fed, ({ name }) => feeds.get(name)!.dims);
    for (const each of inputs.held) feeds.set(each.port.name, heldTensor(each, symbols));
    return feeds;
  }

  function build(wanted: DatasetOptions["preprocess"]): OpenDataset {
    const { preprocess, notice, assumed } = settlePreprocess(lead.files, lead.each, wanted);
    const readCell = async ({ each, type }: Column, cell: Cell) => {
      const { file, at } = cell;
      if (file.holds === "tensors") return file.read(at);
      const source = sourceOf(cell);
      return feedOf(applyPreprocess(await file.read(at), preprocess!, source), each, type, source);
    };
    const read = async (column: Column, index: number) => {
      const tensors: Tensor[] = [];
      for (const cell of groups.get(column)![index]!) tensors.push(await readCell(column, cell));
      return joinTensors(tensors, sources[index]!);
    };
    return {
      length: samples.length,
      sources,
      labels,
      notices: [...told, ...(notice ? [notice] : [])],
      kind: lead.kind,
      inputs: inputSources,
      files: new Set(
        columns.flatMap((column) =>
          column.files.map(({ path }) =>
            column.kind === "npz" || column.kind === "jsonl" ? path : `${column.port.name}=${path}`,
          ),
        ),
      ).size,
      input: lead.port,
      preprocess,
      assumed,
      async picture(index) {
        const { file, at } = samples[index]![0]!;
        return file.holds === "pictures" ? file.read(at) : null;
      },
      async get(index): Promise<Sample> {
        const feeds = new Map<string, Tensor>();
        for (const column of columns) feeds.set(column.port.name, await read(column, index));
        return { source: sources[index]!, feeds: completed(feeds) };
      },
      async variants(index, preprocesses) {
        const source = sources[index]!;
        const prepared: { readonly under: ReturnType<typeof preparer>; readonly from: string }[] = [];
        for (const cell of samples[index]!) {
          const { file, at } = cell;
          const from = sourceOf(cell);
          if (file.holds === "tensors") throw new InputError(`${from} is a tensor, which is taken as it is.`);
          prepared.push({ under: preparer(await file.read(at), from), from });
        }
        const others = columns.filter((column) => column !== lead);
        const given = await Promise.all(
          others.map(async (column) => [column.port.name, await read(column, index)] as const),
        );
        return preprocesses.map((wanted) => {
          try {
            const rows = prepared.map(({ under, from }) => feedOf(under(wanted), lead.each, lead.type, from));
            const tensor = joinTensors(rows, source);
            return { source, feeds: completed(new Map([...given, [lead.port.name, tensor]])) };
          } catch (error) {
            if (error instanceof InputError) return null;
            throw error;
          }
        });
      },
      withPreprocess: build,
    };
  }
  return build(options.preprocess);
}
