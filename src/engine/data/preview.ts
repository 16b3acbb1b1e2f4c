import type { SamplePreview, SampleTensor } from "../model/dataset.ts";
import type { Preprocess } from "../model/preprocess.ts";
import type { Tensor } from "../model/tensor.ts";
import type { TensorData } from "../values/elementTypes.ts";
import { widenHalf } from "../values/halfFloats.ts";
import type { OpenDataset } from "./dataset.ts";
import { toRgba } from "./picture.ts";
import { pictureInput } from "./shape.ts";

/** Values told of a tensor. */
const TOLD = 64;

/** A tensor's elements, float16 by their values. */
function elementsOf({ type, data }: Tensor): TensorData {
  return type === "float16" ? Float32Array.from(data as Uint16Array, widenHalf) : data;
}

function extremes(data: TensorData, start: number, stride: number, count: number): readonly [number, number] {
  let low = Number.POSITIVE_INFINITY;
  let high = Number.NEGATIVE_INFINITY;
  for (let i = 0, at = start; i < count; i++, at += stride) {
    const value = Number(data[at]);
    if (value < low) low = value;
    if (value > high) high = value;
  }
  return [low, high];
}

/** A tensor of one picture drawn as RGBA, each channel from its min (black) to its max; null for other tensors. */
function draw(dims: Tensor["dims"], data: TensorData, color: Preprocess["color"]): SamplePreview["prepared"] {
  const shape = pictureInput(dims);
  if (!shape || dims[0] !== 1) return null;
  const { layout, channels } = shape;
  const [height, width] = [shape.height!, shape.width!];
  const size = width * height;
  const drawn = new Uint8Array(size * channels);
  for (let c = 0; c < channels; c++) {
    const [start, stride] = layout === "NCHW" ? [c * size, 1] : [c, channels];
    const [low, high] = extremes(data, start, stride, size);
    const scale = high > low ? 255 / (high - low) : 0;
    const to = color === "BGR" ? 2 - c : c;
    for (let i = 0; i < size; i++) drawn[i * channels + to] = (Number(data[start + i * stride]) - low) * scale + 0.5;
  }
  return { width, height, rgba: toRgba({ width, height, channels, data: drawn }) };
}

function told(name: string, { type, dims }: Tensor, data: TensorData): SampleTensor {
  const [min, max] = data.length === 0 ? [Number.NaN, Number.NaN] : extremes(data, 0, 1, data.length);
  let sum = 0;
  for (let i = 0; i < data.length; i++) sum += Number(data[i]);
  return { name, type, dims, values: [...data.subarray(0, TOLD)], min, max, mean: sum / data.length };
}

/** A sample as a person looks at it. Throws InputError as `Dataset.get` does. */
export async function previewSample(dataset: OpenDataset, index: number): Promise<SamplePreview> {
  const picture = await dataset.picture(index);
  const { source, feeds } = await dataset.get(index);
  const input = dataset.input.name;
  const elements = new Map([...feeds].map(([name, tensor]) => [name, elementsOf(tensor)]));
  return {
    source,
    original: picture && { width: picture.width, height: picture.height, rgba: toRgba(picture) },
    prepared: draw(feeds.get(input)!.dims, elements.get(input)!, dataset.preprocess?.color ?? "RGB"),
    input,
    tensors: [...feeds].map(([name, tensor]) => told(name, tensor, elements.get(name)!)),
  };
}
