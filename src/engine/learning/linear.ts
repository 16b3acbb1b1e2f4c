import {
  add,
  concat,
  depthwiseConv2d,
  matMul,
  mul,
  pad,
  reshape,
  reverse,
  slice,
  stack,
  stridedSlice,
  sum,
  type Tensor,
  type Tensor2D,
  type Tensor4D,
  transpose,
  zerosLike,
} from "@tensorflow/tfjs-core";
import type { LayerForm } from "../model/rounding.ts";

type ConvForm = Extract<LayerForm, { kind: "conv" }>;

/** What a layer's products are, and what a slope of theirs makes the slopes of its input, where those are wanted, and of its weight. */
export interface Products {
  readonly value: Tensor;
  back(slopes: Tensor, wantsInput: boolean): { readonly input: Tensor | null; readonly weight: Tensor };
}

/**
 * A layer's products, whose slopes are worked out by operations that every backend of tfjs has: of images as [batch, height, width,
 * channels], of rows as [..., inputs]. `weight` is [inputs, outputs], inputs of a convolution by height, width and channel; of
 * a depthwise one it is [height * width, channels].
 */
export function products(form: LayerForm, input: Tensor, weight: Tensor2D): Products {
  if (form.kind === "matmul" || isPlain(form)) {
    const [inputs, outputs] = weight.shape;
    return {
      value: multiplied(input, weight),
      back(slopes, wantsInput) {
        // tfjs's WASM backend multiplies by a factor that was transposed beforehand many times faster than by one that it transposes.
        const rows = transpose(reshape(input, [-1, inputs]) as Tensor2D);
        const flat = reshape(slopes, [-1, outputs]) as Tensor2D;
        const byInput = wantsInput ? reshape(matMul(flat, transpose(weight)), input.shape) : null;
        return { input: byInput, weight: matMul(rows, flat) };
      },
    };
  }
  const images = input as Tensor4D;
  return form.groups > 1 ? depthwise(form, images, weight) : convolved(form, images, weight);
}

function isPlain({ groups, kernel, strides, pads }: ConvForm): boolean {
  return [groups, ...kernel, ...strides].every((each) => each === 1) && pads.every((each) => each === 0);
}

function multiplied(input: Tensor, weight: Tensor2D): Tensor {
  const [inputs, outputs] = weight.shape;
  const rows = reshape(input, [-1, inputs]) as Tensor2D;
  return reshape(matMul(rows, weight), [...input.shape.slice(0, -1), outputs]);
}

function convolved(form: ConvForm, images: Tensor4D, weight: Tensor2D): Products {
  const [inputs, outputs] = weight.shape;
  const rows = patches(form, images);
  return {
    value: multiplied(rows, weight),
    back(slopes, wantsInput) {
      const flat = reshape(slopes, [-1, outputs]) as Tensor2D;
      const byWeight = matMul(transpose(reshape(rows, [-1, inputs]) as Tensor2D), flat);
      return { input: wantsInput ? byPatches(form, images, slopes as Tensor4D, weight) : null, weight: byWeight };
    },
  };
}

/** The slopes of a convolution's input: what each place of the kernel hands back, moved to where it was read. */
function byPatches(form: ConvForm, images: Tensor4D, slopes: Tensor4D, weight: Tensor2D): Tensor {
  const [height, width] = form.kernel;
  const channels = images.shape[3];
  let total: Tensor | null = null;
  for (let row = 0; row < height; row++) {
    for (let column = 0; column < width; column++) {
      const from = (row * width + column) * channels;
      const part = slice(weight, [from, 0], [channels, weight.shape[1]]);
      const back = multiplied(slopes, transpose(part)) as Tensor4D;
      const moved = placed(form, images, back, row, column);
      total = total ? add(total, moved) : moved;
    }
  }
  return total as Tensor;
}

function depthwise(form: ConvForm, images: Tensor4D, weight: Tensor2D): Products {
  const channels = images.shape[3];
  const [height, width] = form.kernel;
  const read = () => taps(form, images);
  const kernel = reshape(weight, [height, width, channels, 1]) as Tensor4D;
  // tfjs has one stride for both axes.
  const value =
    form.strides[0] === form.strides[1]
      ? depthwiseConv2d(padded(form, images), kernel, form.strides[0], "valid", "NHWC", [...form.dilations])
      : read()
          .map((tap, at): Tensor => mul(tap, slice(weight, [at, 0], [1, -1])))
          .reduce((total, each) => add(total, each));
  return {
    value,
    back(slopes, wantsInput) {
      const byWeight = stack(read().map((tap) => sum(reshape(mul(tap, slopes), [-1, channels]), 0)));
      return { input: wantsInput ? depthwiseBack(form, images, slopes as Tensor4D, weight) : null, weight: byWeight };
    },
  };
}

/** The slopes of a depthwise convolution's input: the slopes of its output, spread by its strides, under the turned kernel. */
function depthwiseBack(form: ConvForm, images: Tensor4D, slopes: Tensor4D, weight: Tensor2D): Tensor {
  const [height, width] = form.kernel;
  const [, rows, columns, channels] = images.shape;
  const [top, left, bottom, right] = form.pads;
  const reach = [form.dilations[0] * (height - 1), form.dilations[1] * (width - 1)] as const;
  const spread = dilated(slopes, form.strides);
  const below = rows + top + bottom - spread.shape[1];
  const beside = columns + left + right - spread.shape[2];
  const framed = pad(spread, [
    [0, 0],
    [reach[0], below],
    [reach[1], beside],
    [0, 0],
  ]);
  const turned = reverse(reshape(weight, [height, width, channels, 1]), [0, 1]) as Tensor4D;
  const back = depthwiseConv2d(framed, turned, 1, "valid", "NHWC", [...form.dilations]);
  return slice(back, [0, top, left, 0], [-1, rows, columns, -1]);
}

/** Images with zeros between their places, so that these lie a stride apart. */
function dilated(images: Tensor4D, [down, across]: readonly [number, number]): Tensor4D {
  const [batch, rows, columns, channels] = images.shape;
  const between = (of: Tensor, axis: number, times: number) =>
    stack([of, ...Array.from({ length: times - 1 }, () => zerosLike(of))], axis);
  let result: Tensor = images;
  if (across > 1) result = reshape(between(result, 3, across), [batch, rows, columns * across, channels]);
  if (down > 1) result = reshape(between(result, 2, down), [batch, rows * down, columns * across, channels]);
  return slice(result, [0, 0, 0, 0], [-1, (rows - 1) * down + 1, (columns - 1) * across + 1, -1]) as Tensor4D;
}

function padded({ pads: [top, left, bottom, right] }: ConvForm, images: Tensor4D): Tensor4D {
  if (top + left + bottom + right === 0) return images;
  return pad(images, [
    [0, 0],
    [top, bottom],
    [left, right],
    [0, 0],
  ]);
}

/** Slopes of what one place of the kernel read, where it was read. */
function placed(form: ConvForm, images: Tensor4D, back: Tensor4D, row: number, column: number): Tensor {
  const [top, left, bottom, right] = form.pads;
  const [, rows, columns] = images.shape;
  const spread = dilated(back, form.strides);
  const [y, x] = [row * form.dilations[0], column * form.dilations[1]];
  const framed = pad(spread, [
    [0, 0],
    [y, rows + top + bottom - y - spread.shape[1]],
    [x, columns + left + right - x - spread.shape[2]],
    [0, 0],
  ]);
  return slice(framed, [0, top, left, 0], [-1, rows, columns, -1]);
}

/** What each place of the kernel reads, over all positions. */
function taps(form: ConvForm, images: Tensor4D): Tensor4D[] {
  const framed = padded(form, images);
  const [height, width] = form.kernel;
  const size = ([0, 1] as const).map(
    (axis) =>
      Math.floor((framed.shape[axis + 1]! - form.dilations[axis] * (form.kernel[axis] - 1) - 1) / form.strides[axis]) +
      1,
  ) as [number, number];
  const [batch, , , channels] = framed.shape;
  return Array.from({ length: height * width }, (_, at) => {
    const y = Math.floor(at / width) * form.dilations[0];
    const x = (at % width) * form.dilations[1];
    if (form.strides.every((stride) => stride === 1)) return slice(framed, [0, y, x, 0], [batch, ...size, channels]);
    const end = [batch, y + (size[0] - 1) * form.strides[0] + 1, x + (size[1] - 1) * form.strides[1] + 1, channels];
    return stridedSlice(framed, [0, y, x, 0], end, [1, ...form.strides, 1]) as Tensor4D;
  });
}

function patches(form: ConvForm, images: Tensor4D): Tensor4D {
  return concat(taps(form, images), 3);
}
