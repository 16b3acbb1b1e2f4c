import type { DataFile, DataSummary, Dataset, Sample } from "../model/dataset.ts";
import { InputError, type Notice } from "../model/job.ts";
import { PRESETS, type Preprocess, type Preset, type Size } from "../model/preprocess.ts";
import type { Port, Tensor, TensorMap } from "../model/tensor.ts";
import { dimsText } from "../values/dims.ts";
import { arrangeArray, type SampleFile } from "./arrange.ts";
import type { Decoders } from "./decode.ts";
import { convertElements, type FeedType, isFeedType } from "./elements.ts";
import { readLabels } from "./labels.ts";
import type { Picture } from "./picture.ts";
import { applyPreprocess, checkCrop, preparedDims } from "./preprocess.ts";
import { choosePreprocess, resolvePreset } from "./presets.ts";
import { type Scan, scanFiles } from "./scan.ts";
import { fits } from "./shape.ts";

export interface DatasetOptions {
  /** The model input that gets the data. */
  readonly input: Port;
  /** Null lets the engine choose; a preset is fitted to the input and the data. */
  readonly preprocess: Preprocess | Preset | null;
  /** The other inputs, held constant. */
  readonly fixed: TensorMap;
  readonly decoders: Decoders;
}

export interface OpenDataset extends Dataset {
  readonly kind: DataSummary["kind"];
  /** Files that hold samples; labels are not counted. */
  readonly files: number;
  readonly input: Port;
  /** What is applied; null for tensors, which are taken as they are. */
  readonly preprocess: Preprocess | null;
  /** That the preprocessing was chosen for want of one given: one of the notices, or null. */
  readonly assumed: Notice | null;
  /** The sample before preprocessing, or null when it is a tensor. Throws InputError as `get` does. */
  picture(index: number): Promise<Picture | null>;
  /** The same files under another preprocessing; nothing is read again. */
  withPreprocess(preprocess: DatasetOptions["preprocess"]): OpenDataset;
}

function describe(files: readonly DataFile[]): string {
  if (files.length === 0) return "The data";
  if (files.length === 1) return files[0]!.path;
  const folders = files.map((file) => file.path.split("/").slice(0, -1));
  const shared = folders[0]!.findIndex((part, i) => folders.some((folder) => folder[i] !== part));
  const folder = (shared < 0 ? folders[0]! : folders[0]!.slice(0, shared)).join("/");
  return folder ? `The folder ${folder}` : "The set of files";
}

function kindOf(scan: Scan, files: readonly DataFile[]): DataSummary["kind"] {
  const counts = {
    images: scan.images.length,
    npy: scan.arrays.filter((array) => array.format === "npy").length,
    idx: scan.arrays.filter((array) => array.format === "idx").length,
  };
  const kinds = (["images", "npy", "idx"] as const).filter((kind) => counts[kind] > 0);
  if (kinds.length === 1) return kinds[0]!;
  if (kinds.length === 0) {
    throw new InputError(`${describe(files)} holds no images, .npy or IDX files; give it some of one kind.`);
  }
  const label = { images: "images", npy: ".npy files", idx: "IDX files" };
  const mix = kinds.map((kind) => `${label[kind]} (${counts[kind]})`).join(" and ");
  throw new InputError(`${describe(files)} mixes ${mix}; give it files of one kind.`);
}

function feedType(input: Port): FeedType {
  if (isFeedType(input.type)) return input.type;
  throw new InputError(
    `Input "${input.name}" takes ${input.type}, which data cannot be brought to; use another model.`,
  );
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

/** Brings a picture to the input's type and shape. */
function prepare(picture: Picture, preprocess: Preprocess, input: Port, type: FeedType, source: string): Tensor {
  const prepared = applyPreprocess(picture, preprocess, source);
  const dims = [1, ...prepared.dims];
  if (!fits(dims, input.dims)) throw misfit(source, dims, input);
  return { type, dims, data: convertElements(prepared.data, type, `${source}, preprocessed,`) };
}

function imageFile(file: DataFile, decoders: Decoders): SampleFile {
  return {
    path: file.path,
    count: 1,
    holds: "pictures",
    size: null,
    read: async () => decoders.decode(await file.read(), file.path),
  };
}

/**
 * Opens images, .npy or IDX files, with labels among them, as samples for one input of a model. Only headers are
 * read here, and each sample when it is asked for. Throws InputError for files of mixed kinds or of none, and for
 * data that does not fit the input.
 */
export async function openDataset(files: readonly DataFile[], options: DatasetOptions): Promise<OpenDataset> {
  const { input, fixed, decoders } = options;
  const type = feedType(input);
  const scan = await scanFiles(files);
  const kind = kindOf(scan, files);
  const sampleFiles =
    kind === "images"
      ? scan.images.map((file) => imageFile(file, decoders))
      : scan.arrays.map((array) => arrangeArray(array, input, type));
  const stranger = sampleFiles.find((file) => file.holds !== sampleFiles[0]!.holds);
  if (stranger) {
    throw new InputError(
      `${sampleFiles[0]!.path} holds ${sampleFiles[0]!.holds}, but ${stranger.path} ${stranger.holds}; give one of them.`,
    );
  }
  const samples = sampleFiles.flatMap((file) => Array.from({ length: file.count }, (_, index) => ({ file, index })));
  const sources = samples.map(({ file, index }) => (file.count === 1 ? file.path : `${file.path}[${index}]`));
  const { labels, notices: labelNotices } = await readLabels(scan.labels, sampleFiles, sources);

  function build(wanted: DatasetOptions["preprocess"]): OpenDataset {
    const { preprocess, notice, assumed } = settlePreprocess(sampleFiles, input, wanted);
    return {
      length: samples.length,
      sources,
      labels,
      notices: [...scan.notices, ...labelNotices, ...(notice ? [notice] : [])],
      kind,
      files: sampleFiles.length,
      input,
      preprocess,
      assumed,
      async picture(index) {
        const { file, index: at } = samples[index]!;
        return file.holds === "pictures" ? file.read(at) : null;
      },
      async get(index): Promise<Sample> {
        const { file, index: at } = samples[index]!;
        const source = sources[index]!;
        const tensor =
          file.holds === "tensors"
            ? await file.read(at)
            : prepare(await file.read(at), preprocess!, input, type, source);
        return { source, feeds: new Map([...fixed, [input.name, tensor]]) };
      },
      withPreprocess: build,
    };
  }
  return build(options.preprocess);
}
