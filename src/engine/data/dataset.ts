import type { DataFile, DataSummary, Dataset, InputSource, ModelInputs, Sample, StateInput } from "../model/dataset.ts";
import { InputError, type Notice } from "../model/job.ts";
import { PRESETS, type Preprocess, type Preset, type Size } from "../model/preprocess.ts";
import type { Port, Tensor, TensorMap } from "../model/tensor.ts";
import { dimsText } from "../values/dims.ts";
import type { DataType } from "../values/elementTypes.ts";
import { plural } from "../values/figures.ts";
import type { SampleFile } from "./arrange.ts";
import { joinTensors } from "./batches.ts";
import { classLists } from "./classLists.ts";
import { classNames } from "./classNames.ts";
import { type Column, countOf, readColumns } from "./columns.ts";
import { heldTensor } from "./constant.ts";
import type { Decoders } from "./decode.ts";
import { convertElements } from "./elements.ts";
import { folderLabels } from "./folderLabels.ts";
import { classFolders } from "./folders.ts";
import { readLabels } from "./labels.ts";
import { type Cell, cellFinder, listingsOf } from "./listing.ts";
import { filledTensor, fillingOf, symbolsOf } from "./meanings.ts";
import type { Picture } from "./picture.ts";
import { applyPreprocess, checkCrop, type PreparedPicture, preparedDims, preparer } from "./preprocess.ts";
import { choosePreprocess, resolvePreset } from "./presets.ts";
import { printOf, stepPrints } from "./print.ts";
import { ignored, isIntegerVector, type Scan, scanFiles } from "./scan.ts";
import { placeOf, sequencesNotice, sharedLengths } from "./sequences.ts";
import { fits } from "./shape.ts";
import { beginningOf, FloatStates, type StateRunner } from "./states.ts";

export interface DatasetOptions {
  /** The model's inputs: those that are open are fed, or filled by what they mean. */
  readonly inputs: ModelInputs;
  /** Null lets the engine choose; a preset is fitted to the input and the data. */
  readonly preprocess: Preprocess | Preset | null;
  readonly decoders: Decoders;
  /** The only labels that count; those among the data do where it is left out. */
  readonly labels?: DataFile;
  /** Of the order of the samples (order.ts); that of their paths where it is null or left out. */
  readonly seed?: number | null;
  /** Runs the float model, where inputs carry a state. */
  readonly runner?: StateRunner;
}

export interface OpenDataset extends Dataset {
  readonly seed: number | null;
  print(index: number): Promise<string>;
  readonly kind: DataSummary["kind"];
  /** Where each input gets its values. */
  readonly inputs: readonly InputSource[];
  /** Files that hold samples; labels are not counted. */
  readonly files: number;
  /** Class folders that the samples lie in; 0 where they lie in none. */
  readonly folders: number;
  /** What classes are called, by number, where folders or a list of them say so. */
  readonly classNames: ReadonlyMap<number, string>;
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
  /** The same samples in another order. */
  withSeed(seed: number | null): OpenDataset;
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

/** The column whose files name the samples: that of the pictures, else the first that has one for each. */
function leadOf(columns: readonly Column[]): Column {
  const [picture, second] = columns.filter(({ files }) => files[0]!.holds === "pictures");
  if (!second) return picture ?? columns.find(({ files }) => !files[0]!.repeats)!;
  throw new InputError(
    `Pictures feed one input, and are given for ${picture!.port.name} and ${second.port.name}; give tensors for one of them.`,
  );
}

function filledNotice({ name }: Port, filling: string): Notice {
  return { kind: "info", subject: name, message: `Nothing gives the input ${name}, so it is filled with ${filling}.` };
}

function sourceText({ file, at }: Cell): string {
  if (file.count === 1) return file.path;
  const { sequences = [] } = file;
  return sequences.length < 2 ? `${file.path}[${at}]` : `${file.path}[${placeOf(sequences, at).join("][")}]`;
}

function groupSource(group: readonly Cell[], isShuffled: boolean): string {
  const [first, last] = [sourceText(group[0]!), sourceText(group.at(-1)!)];
  if (group.length === 1) return first;
  return isShuffled ? `${first} and ${plural(group.length - 1, "other")}` : `${first} to ${last}`;
}

const NONE: TensorMap = new Map();

/** The first step of each step's sequence. */
function starts(lengths: readonly number[]): (index: number) => number {
  const firsts = new Uint32Array(lengths.reduce((sum, length) => sum + length, 0));
  let first = 0;
  for (const length of lengths) {
    firsts.fill(first, first, first + length);
    first += length;
  }
  return (index) => firsts[index]!;
}

function carriedIn(feeds: TensorMap, states: readonly StateInput[]): TensorMap {
  return new Map(states.map(({ port: { name } }) => [name, feeds.get(name)!]));
}

async function scanLabels(file: DataFile): Promise<Scan> {
  const scan = await scanFiles([file]);
  const { tables, arrays, lists } = scan.labels;
  if (tables.length + arrays.length + lists.length === 1) return scan;
  const vector = scan.arrays.length === 1 && scan.arrays.every(isIntegerVector);
  if (vector) return { ...scan, arrays: [], labels: { ...scan.labels, arrays: scan.arrays } };
  throw new InputError(
    `${file.path} holds no labels; give a .csv file with rows of file,label, a vector of whole numbers as .npy or IDX, or for class folders a list of class names.`,
  );
}

/**
 * Opens images, .npy, .npz, .jsonl or IDX files, with labels among them and in zip archives too, as samples for the inputs of a model. Only headers are
 * read here, and each sample when it is asked for. Throws InputError for files of mixed kinds or of none, for data that does
 * not fit an input, and InputsMissing for inputs that nothing gives. Where inputs carry a state, samples are the steps of sequences, the second of
 * which is run once, so that what cannot be a state is refused here.
 */
export async function openDataset(files: readonly DataFile[], options: DatasetOptions): Promise<OpenDataset> {
  const { inputs, decoders } = options;
  const scan = await scanFiles(files);
  const { columns, sources: inputSources, notices } = await readColumns(scan, files, inputs, decoders);
  const lead = leadOf(columns);
  const given = columns.map(({ port }) => port);
  const states = inputs.states ?? [];
  const fed = [...given, ...states.map(({ port }) => port)];
  const filled = inputs.open.filter((port) => !fed.includes(port));
  const total = countOf(lead.files);
  const finders = new Map(columns.map((column) => [column, cellFinder(column.files)]));
  const cellOf = finders.get(lead)!;
  const lengths = states.length > 0 ? sharedLengths(columns) : null;
  const labelled = options.labels ? await scanLabels(options.labels) : scan;
  const { tables, lists } = await classLists(labelled.labels);
  const { arrays } = labelled.labels;
  const hasLabels = tables.length + arrays.length > 0;
  const listed = { count: total, sourceOf: (sample: number) => sourceText(cellOf(sample)) };
  const byFolder = !hasLabels && lengths === null;
  const paths = lead.files.map(({ path }) => path);
  const folderly = byFolder ? folderLabels(lead.files, lists, inputs.classes ?? null) : null;
  const { labels, notices: labelNotices } = folderly ?? (await readLabels({ tables, arrays }, lead.files, listed));
  const unused = byFolder && labelNotices.length > 0 ? [] : ignored("info", lists, "files that are no data");
  const areAlike = columns.every(({ rows }) => rows === lead.rows);
  const listings = listingsOf(lead, areAlike, lengths);
  const placed = classFolders(paths);
  const folders = new Set(placed.filter((folder) => folder !== null)).size;
  const named = classNames(folderly?.numbers ?? new Map(), lists, inputs.classes ?? null);
  const told = [
    ...scan.notices,
    ...notices,
    ...(lengths ? [sequencesNotice(lengths, beginningOf(states, given))] : []),
    ...filled.map((port) => filledNotice(port, fillingOf(port, fed)!)),
    ...(labelled === scan ? [] : labelled.notices),
    ...labelNotices,
    ...unused,
  ];

  /** With what fills other inputs, and what is held. */
  function completed(given: TensorMap, carried: TensorMap = NONE): Map<string, Tensor> {
    const feeds = new Map([...given, ...carried]);
    for (const port of filled) feeds.set(port.name, filledTensor(port, fed, feeds));
    const symbols = symbolsOf(fed, ({ name }) => feeds.get(name)!.dims);
    for (const each of inputs.held) feeds.set(each.port.name, heldTensor(each, symbols));
    return feeds;
  }

  function build(wanted: DatasetOptions["preprocess"], seed: number | null): OpenDataset {
    const { preprocess, notice, assumed } = settlePreprocess(lead.files, lead.each, wanted);
    const { length, rowsOf, sequences } = listings(seed);
    const cellsAt = (column: Column, index: number) => rowsOf(column, index).map(finders.get(column)!);
    const sourceAt = (index: number) => groupSource(cellsAt(lead, index), seed !== null);
    const readCell = async ({ each, type }: Column, cell: Cell) => {
      const { file, at } = cell;
      if (file.holds === "tensors") return file.read(at);
      const source = sourceText(cell);
      return feedOf(applyPreprocess(await file.read(at), preprocess!, source), each, type, source);
    };
    const read = async (column: Column, index: number) => {
      const tensors: Tensor[] = [];
      for (const cell of cellsAt(column, index)) tensors.push(await readCell(column, cell));
      return joinTensors(tensors, sourceAt(index));
    };
    const givenOf = async (index: number) => {
      const feeds = new Map<string, Tensor>();
      for (const column of columns) feeds.set(column.port.name, await read(column, index));
      return feeds;
    };
    const bytesOf = ({ file, at }: Cell) => file.bytes(at);
    const rowPrints = async (index: number) => {
      const cells = columns.map((column) => cellsAt(column, index));
      const rows = areAlike ? cells[0]!.map((_, row) => cells.map((each) => each[row]!)) : [cells.flat()];
      const prints = await Promise.all(rows.map(async (row) => printOf(await Promise.all(row.map(bytesOf)))));
      return prints.join("");
    };
    const startOf = sequences && starts(sequences);
    const printStep =
      startOf &&
      stepPrints(length, startOf, (index) => columns.flatMap((column) => cellsAt(column, index)).map(bytesOf));
    const steps = { sourceAt, startOf: startOf!, given: givenOf, completed };
    const walk = startOf && new FloatStates(states, given, steps, options.runner!);
    const feedsOf = async (index: number) => (walk ? walk.feeds(index) : completed(await givenOf(index)));
    const dataset: OpenDataset = {
      length,
      seed,
      sourceOf: sourceAt,
      labels: labels && {
        length,
        at(index) {
          if (index < 0 || index >= length) return undefined;
          const each = rowsOf(lead, index).map((row) => labels.at(row)!);
          return lead.rows === 1 ? each[0]! : each;
        },
      },
      ...(walk && {
        sequences: {
          states: new Map(states.map(({ port, output }) => [port.name, output.name])),
          startOf,
          release: () => walk.release(),
          async trySecond() {
            await walk.tryStep(
              Array.from({ length }, (_, index) => index).findIndex((index) => startOf(index) < index),
            );
            await walk.release();
          },
        },
      }),
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
      folders,
      classNames: named,
      input: lead.port,
      preprocess,
      assumed,
      async picture(index) {
        const { file, at } = cellsAt(lead, index)[0]!;
        return file.holds === "pictures" ? file.read(at) : null;
      },
      get: async (index): Promise<Sample> => ({ source: sourceAt(index), feeds: await feedsOf(index) }),
      print: printStep ?? rowPrints,
      async variants(index, preprocesses) {
        const source = sourceAt(index);
        const prepared: { readonly under: ReturnType<typeof preparer>; readonly from: string }[] = [];
        for (const cell of cellsAt(lead, index)) {
          const { file, at } = cell;
          const from = sourceText(cell);
          if (file.holds === "tensors") throw new InputError(`${from} is a tensor, which is taken as it is.`);
          prepared.push({ under: preparer(await file.read(at), from), from });
        }
        const carried = walk ? carriedIn(await walk.feeds(index), states) : NONE;
        const others = columns.filter((column) => column !== lead);
        const beside = await Promise.all(
          others.map(async (column) => [column.port.name, await read(column, index)] as const),
        );
        return preprocesses.map((wanted) => {
          try {
            const rows = prepared.map(({ under, from }) => feedOf(under(wanted), lead.each, lead.type, from));
            const tensor = joinTensors(rows, source);
            return { source, feeds: completed(new Map([...beside, [lead.port.name, tensor]]), carried) };
          } catch (error) {
            if (error instanceof InputError) return null;
            throw error;
          }
        });
      },
      withPreprocess: (other) => build(other, seed),
      withSeed: (other) => (other === seed ? dataset : build(wanted, other)),
    };
    return dataset;
  }
  const dataset = build(options.preprocess, options.seed ?? null);
  await dataset.sequences?.trySecond();
  return dataset;
}
