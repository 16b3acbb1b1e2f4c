import { InputError } from "../model/job.ts";
import { cropProblem, type Preprocess, pair, type Size } from "../model/preprocess.ts";
import { roundHalfEven } from "../values/round.ts";
import { crop, type Picture, pad, toGray, toRgb } from "./picture.ts";
import { resize } from "./resize.ts";

const LETTERBOX_FILL = 114;

export function channelsOf(preprocess: Preprocess): 1 | 3 {
  return preprocess.color === "GRAY" ? 1 : 3;
}

/** Where a picture of one size goes: the size it is resized to, then the size it is padded to. */
function resizedSizes([height, width]: Size, preprocess: Preprocess): { readonly to: Size; readonly padded: Size } {
  const { resize: step } = preprocess;
  if (!step) return { to: [height, width], padded: [height, width] };
  const [h, w] = pair(step.size);
  if (step.mode === "exact") return { to: [h, w], padded: [h, w] };
  if (step.mode === "shorter") {
    const scale = h / Math.min(height, width);
    const [cropHeight, cropWidth] = pair(preprocess.crop ?? 1);
    // What rounding took from a side that the crop needs is given back; a side that is shorter by more stays so.
    const side = (exact: number, cut: number) => Math.max(roundHalfEven(exact), Math.min(cut, Math.ceil(exact)));
    const to = [side(height * scale, cropHeight), side(width * scale, cropWidth)] as const;
    return { to, padded: to };
  }
  const scale = Math.min(h / height, w / width);
  const to = [Math.max(1, roundHalfEven(height * scale)), Math.max(1, roundHalfEven(width * scale))] as const;
  return { to, padded: [h, w] };
}

/** Throws InputError, which begins with `source`, for a crop beyond what resizing gives, whatever the picture. */
export function checkCrop(preprocess: Preprocess, source: string): void {
  const problem = cropProblem(preprocess);
  if (problem !== null) throw new InputError(`${source} ${problem}`);
}

/** The size after resizing, padding and cropping. Throws InputError naming `source` for a crop beyond the picture. */
function finalSize(size: Size, preprocess: Preprocess, source: string): Size {
  const { padded } = resizedSizes(size, preprocess);
  if (preprocess.crop === null) return padded;
  const [height, width] = pair(preprocess.crop);
  if (height > padded[0] || width > padded[1]) {
    throw new InputError(
      `${source} is ${padded[1]}x${padded[0]} where a crop of ${width}x${height} is taken; resize it first.`,
    );
  }
  return [height, width];
}

/** The tensor's dims without batch; a side that depends on a picture whose size is not known is null. */
export function preparedDims(size: Size | null, preprocess: Preprocess, source: string): (number | null)[] {
  const { resize: step, crop: cut, layout } = preprocess;
  const known = size && finalSize(size, preprocess, source);
  const fixed = cut ?? (step?.mode === "shorter" ? null : (step?.size ?? null));
  const [height, width] = known ?? (fixed === null ? [null, null] : pair(fixed));
  const channels = channelsOf(preprocess);
  return layout === "NCHW" ? [channels, height, width] : [height, width, channels];
}

/**
 * The picture resized and centre-cropped, with the channels of `color` (1, or 3 as RGB). Sizes round half to even and
 * the crop starts at floor((size - crop) / 2), as with Pillow.
 */
function fitPicture(picture: Picture, preprocess: Preprocess, source: string): Picture {
  const size = [picture.height, picture.width] as const;
  const { to, padded } = resizedSizes(size, preprocess);
  const [height, width] = finalSize(size, preprocess, source);
  const pixels = preprocess.color === "GRAY" ? toGray(picture) : toRgb(picture);
  const resized = resize(pixels, to[1], to[0]);
  const whole = preprocess.resize?.mode === "letterbox" ? pad(resized, padded[1], padded[0], LETTERBOX_FILL) : resized;
  return crop(whole, (whole.width - width) >> 1, (whole.height - height) >> 1, width, height);
}

/** (x * scale - mean) / std for x = 0..255: the product in float32, the rest in float64, as NumPy computes it. */
function valueTable(scale: number, mean: number, std: number): Float32Array {
  return Float32Array.from({ length: 256 }, (_, x) => (Math.fround(x * Math.fround(scale)) - mean) / std);
}

/**
 * A picture as the tensor a model sees: dims [C, H, W] or [H, W, C] by `layout`. Throws InputError naming `source`
 * for a crop beyond the picture.
 */
export function applyPreprocess(picture: Picture, preprocess: Preprocess, source: string): PreparedPicture {
  return preparer(picture, source)(preprocess);
}

export interface PreparedPicture {
  readonly dims: readonly number[];
  readonly data: Float32Array;
}

/** `applyPreprocess` for several preprocessings of one picture: those that resize and crop alike share that. */
export function preparer(picture: Picture, source: string): (preprocess: Preprocess) => PreparedPicture {
  const fitted = new Map<string, Picture>();
  return (preprocess) => {
    const key = JSON.stringify([preprocess.resize, preprocess.crop, channelsOf(preprocess)]);
    const pixels = fitted.get(key) ?? fitPicture(picture, preprocess, source);
    fitted.set(key, pixels);
    return normalized(pixels, preprocess);
  };
}

function normalized({ width, height, data: pixels }: Picture, preprocess: Preprocess): PreparedPicture {
  const { layout, color, scale, mean, std } = preprocess;
  const channels = channelsOf(preprocess);
  const size = width * height;
  const data = new Float32Array(size * channels);
  const [plane, stride] = layout === "NCHW" ? [size, 1] : [1, channels];
  for (let c = 0; c < channels; c++) {
    const table = valueTable(scale, mean[c] ?? mean[0]!, std[c] ?? std[0]!);
    const from = color === "BGR" ? 2 - c : c;
    for (let i = 0, at = from, to = c * plane; i < size; i++, at += channels, to += stride)
      data[to] = table[pixels[at]!]!;
  }
  return { dims: layout === "NCHW" ? [channels, height, width] : [height, width, channels], data };
}
