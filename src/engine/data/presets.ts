import { InputError, type Notice } from "../model/job.ts";
import type { Preprocess, Preset, Size } from "../model/preprocess.ts";
import type { Port } from "../model/tensor.ts";
import { dimsText } from "../values/dims.ts";
import { type PictureInput, pictureInput } from "./shape.ts";

/** What a preset makes of a value, in the order RGB. */
export const NORMALISATIONS: Readonly<Record<Preset, Pick<Preprocess, "scale" | "mean" | "std">>> = {
  imagenet: { scale: 1 / 255, mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] },
  "imagenet-tf": { scale: 1 / 255, mean: [0.5], std: [0.5] },
  unit: { scale: 1 / 255, mean: [0], std: [1] },
  raw: { scale: 1, mean: [0], std: [1] },
};
const IMAGENET_RESIZE = 256;
const IMAGENET_CROP = 224;

function isSize(input: PictureInput, size: Size | null): boolean {
  return size !== null && input.height === size[0] && input.width === size[1];
}

/**
 * A preset's preprocessing for a model input: layout and channels are the input's. `imagenet` and `imagenet-tf` take
 * the shorter side to 256 and crop 224; `unit` (0..1) and `raw` (0..255) resize to the input's height and width.
 * `size` is that of the pictures where all have one; pictures that have the input's size already are not resized.
 * Throws InputError for an input that takes no pictures, and for a preset that does not suit it.
 */
export function resolvePreset(preset: Preset, port: Port, size: Size | null): Preprocess {
  const input = pictureInput(port.dims);
  if (!input) {
    throw new InputError(
      `Input "${port.name}" (${dimsText(port.dims)}) does not look like pictures; give a preprocessing as JSON, ` +
        "or tensors as .npy files.",
    );
  }
  const { layout, channels, height, width } = input;
  const color = channels === 1 ? "GRAY" : "RGB";
  if (preset === "unit" || preset === "raw") {
    if ((height === null) !== (width === null)) {
      throw new InputError(
        `Input "${port.name}" (${dimsText(port.dims)}) leaves one side of its pictures open; give the input's shape.`,
      );
    }
    const open = height === null || width === null || isSize(input, size);
    const resize = open ? null : ({ mode: "exact", size: [height, width] } as const);
    return { resize, crop: null, layout, color, ...NORMALISATIONS[preset] };
  }
  if (color === "GRAY") {
    throw new InputError(`Preset "${preset}" is for colour pictures, but input "${port.name}" takes gray; use "unit".`);
  }
  const geometry = isSize(input, size)
    ? { resize: null, crop: null }
    : ({ resize: { mode: "shorter", size: IMAGENET_RESIZE }, crop: IMAGENET_CROP } as const);
  return { ...geometry, layout, color, ...NORMALISATIONS[preset] };
}

function likelyPreset(port: Port): Preset {
  if (!port.type.startsWith("float")) return "raw";
  const input = pictureInput(port.dims);
  const classifier = input?.channels === 3 && input.height === IMAGENET_CROP && input.width === IMAGENET_CROP;
  if (!classifier) return "unit";
  return input.layout === "NCHW" ? "imagenet" : "imagenet-tf";
}

/**
 * The preset to assume when none is given, and a notice that says so: `raw` for an input of integers; for 224 x 224
 * colour, the custom of ImageNet classifiers (`imagenet` for NCHW, as trained with PyTorch, `imagenet-tf` for NHWC, as
 * with TensorFlow); else `unit`. `size` as for `resolvePreset`, which says what is thrown.
 */
export function choosePreprocess(
  port: Port,
  size: Size | null,
): { readonly preprocess: Preprocess; readonly notice: Notice } {
  const preset = likelyPreset(port);
  return {
    preprocess: resolvePreset(preset, port, size),
    notice: {
      kind: "warning",
      subject: port.name,
      message: `No preprocessing was given, so preset "${preset}" is assumed; check that the model was trained so.`,
    },
  };
}
