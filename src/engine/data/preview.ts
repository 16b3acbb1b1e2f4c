import type { SamplePreview } from "../model/dataset.ts";
import type { Preprocess } from "../model/preprocess.ts";
import type { Tensor } from "../model/tensor.ts";
import type { OpenDataset } from "./dataset.ts";
import { toRgba } from "./picture.ts";
import { pictureInput } from "./shape.ts";

function extremes(data: Tensor["data"], start: number, stride: number, count: number): readonly [number, number] {
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
function draw({ dims, data }: Tensor, color: Preprocess["color"]): SamplePreview["prepared"] {
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

/** A sample as a person looks at it. Throws InputError as `Dataset.get` does. */
export async function previewSample(dataset: OpenDataset, index: number): Promise<SamplePreview> {
  const picture = await dataset.picture(index);
  const { source, feeds } = await dataset.get(index);
  const tensor = feeds.get(dataset.input.name)!;
  const { data, dims } = tensor;
  const [min, max] = extremes(data, 0, 1, data.length);
  let sum = 0;
  for (let i = 0; i < data.length; i++) sum += Number(data[i]);
  return {
    source,
    original: picture && { width: picture.width, height: picture.height, rgba: toRgba(picture) },
    prepared: draw(tensor, dataset.preprocess?.color ?? "RGB"),
    input: dataset.input.name,
    dims,
    min,
    max,
    mean: sum / data.length,
  };
}
