import { InputError } from "../model/job.ts";
import type { Size } from "../model/preprocess.ts";
import type { Port, Tensor } from "../model/tensor.ts";
import { dimsText, elementCount } from "../values/dims.ts";
import type { DataType } from "../values/elementTypes.ts";
import { type ArrayFile, readBytes, readElements } from "./array.ts";
import { checkFinite, convertElements } from "./elements.ts";
import type { Picture } from "./picture.ts";
import { fits, pictureInput } from "./shape.ts";

/** A file's samples: pictures that are still to be preprocessed, or tensors that are ready. */
export type SampleFile = {
  readonly path: string;
  readonly count: number;
  /** What the file holds of a sample, as it is. */
  bytes(index: number): Promise<Uint8Array>;
  /** How many steps each sequence has, where samples are steps; one sequence where it is left out. */
  readonly sequences?: readonly number[];
  /** That all steps of a sequence have the same; another input says where they come from. */
  readonly repeats?: true;
} & (
  | {
      readonly holds: "pictures";
      /** Null where each picture has its own. */
      readonly size: Size | null;
      read(index: number): Promise<Picture>;
    }
  | { readonly holds: "tensors"; read(index: number): Promise<Tensor> }
);

interface PictureLayout {
  readonly count: number;
  readonly height: number;
  readonly width: number;
  readonly channels: 1 | 3 | 4;
  readonly planar: boolean;
}

function isChannels(dim: number | undefined): dim is 1 | 3 | 4 {
  return dim === 1 || dim === 3 || dim === 4;
}

/** How a uint8 array holds pictures for an input of rank 4, or null when it does not. */
function pictureLayout(array: ArrayFile, port: Port): PictureLayout | null {
  if (array.type !== "uint8" || port.dims.length !== 4 || elementCount(array.dims) === 0) return null;
  const input = pictureInput(port.dims);
  const { dims } = array;
  const [a = 0, b = 0, c = 0, d] = dims;
  if (dims.length === 2) return { count: 1, height: a, width: b, channels: 1, planar: false };
  if (dims.length === 3) {
    if (c === 3 || c === 4) return { count: 1, height: a, width: b, channels: c, planar: false };
    if (a === 3 && input?.channels === 3) return { count: 1, height: b, width: c, channels: 3, planar: true };
    return { count: a, height: b, width: c, channels: 1, planar: false };
  }
  if (dims.length !== 4) return null;
  const planar = isChannels(b) && !(isChannels(d) && input?.layout === "NHWC");
  if (planar && isChannels(d) && !input) {
    throw new InputError(
      `${array.file.path} (${dimsText(dims)}) may hold its channels second or last; give it channels last.`,
    );
  }
  if (planar) return { count: a, height: c, width: d!, channels: b, planar };
  return isChannels(d) ? { count: a, height: b, width: c, channels: d, planar } : null;
}

function interleave(planes: Uint8Array, size: number, channels: number): Uint8Array {
  const out = new Uint8Array(planes.length);
  for (let c = 0; c < channels; c++) {
    for (let i = 0; i < size; i++) out[i * channels + c] = planes[c * size + i]!;
  }
  return out;
}

export interface TensorLayout {
  readonly count: number;
  readonly dims: readonly number[];
}

/** How many samples an array may hold for an input, and the dims of each, the likeliest first; none when it does not fit. */
function tensorLayouts(dims: readonly number[], wanted: Port["dims"]): TensorLayout[] {
  const [first = 1, ...rest] = dims;
  const layouts = [
    { count: 1, dims: [...dims], when: typeof wanted[0] === "number" || first === 1 || dims.length === 1 },
    { count: first, dims: [1, ...rest], when: dims.length === wanted.length },
    { count: first, dims: rest, when: dims.length === wanted.length + 1 },
    { count: 1, dims: [1, ...dims], when: dims.length === wanted.length - 1 },
  ];
  const fitting = layouts.filter((layout) => layout.when && fits(layout.dims, wanted));
  return fitting.filter(({ count }, i) => fitting.findIndex((other) => other.count === count) === i);
}

/**
 * The ways to cut an array into samples for a model input, the likeliest first, each with another count. uint8 arrays (N, H, W, C), (N, C, H, W) or (N, H, W), and single ones
 * without N, are pictures where the input has rank 4. Anything else is tensors, taken as they are in the input's
 * type: a batch dim of 1 is added where the array lacks it; an array of the input's very shape is one sample. Throws
 * InputError naming the file, its shape and the input's. Reading a tensor that holds NaN or infinity throws InputError
 * naming the sample.
 */
export function arrangements(array: ArrayFile, port: Port, type: DataType): readonly [SampleFile, ...SampleFile[]] {
  const { path } = array.file;
  const picture = pictureLayout(array, port);
  if (picture) {
    const { count, width, height, channels, planar } = picture;
    const size = width * height;
    const pictures: SampleFile = {
      path,
      count,
      holds: "pictures",
      size: [height, width],
      bytes: (index) => readBytes(array, index * size * channels, size * channels),
      async read(index) {
        const data = (await readElements(array, index * size * channels, size * channels)) as Uint8Array;
        return { width, height, channels, data: planar ? interleave(data, size, channels) : data };
      },
    };
    return [pictures];
  }
  const layouts = tensorLayouts(array.dims, port.dims);
  const [first, ...others] = layouts.filter(({ count }) => count > 0);
  if (!first && layouts.length > 0) throw new InputError(`${path} (${dimsText(array.dims)}) holds no samples.`);
  if (!first) {
    throw new InputError(
      `${path} holds ${array.type} of shape ${dimsText(array.dims)}, which does not fit input "${port.name}" ` +
        `(${dimsText(port.dims)}); give it samples of that shape.`,
    );
  }
  return [tensors(array, first, type), ...others.map((layout) => tensors(array, layout, type))];
}

/** Tensors as the samples of a file. */
export function tensors(array: ArrayFile, { count, dims }: TensorLayout, type: DataType): SampleFile {
  const { path } = array.file;
  const length = elementCount(dims);
  return {
    path,
    count,
    holds: "tensors",
    bytes: (index) => readBytes(array, index * length, length),
    async read(index) {
      const data = convertElements(await readElements(array, index * length, length), type, path);
      checkFinite(data, type, count === 1 ? path : `${path}[${index}]`);
      return { type, dims, data };
    },
  };
}
