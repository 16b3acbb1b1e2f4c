import type { Preprocess } from "../model/preprocess.ts";
import type { Tensor, TensorMap } from "../model/tensor.ts";
import { randomBelow } from "./random.ts";

/** The least part of a picture that a crop shows, and how far its sides' ratio leaves the picture's, either way. */
const LEAST_AREA = 0.3;
const RATIO = 4 / 3;
const STEPS = 2 ** 20;

/**
 * A crop of each picture among feeds, drawn from a seed: of 30 to 100 % of its area, its sides' ratio changed by up to a third, as
 * likely mirrored as not, scaled to the size of the picture by bilinear interpolation. Feeds that are no pictures stay what they are.
 */
export function cropped(feeds: TensorMap, layout: Preprocess["layout"], seed: number): TensorMap {
  const below = randomBelow(seed);
  const draw = (low: number, high: number) => low + (high - low) * (below(STEPS) / STEPS);
  const area = draw(LEAST_AREA, 1);
  const ratio = draw(1, RATIO);
  const stretch = Math.sqrt(below(2) === 0 ? ratio : 1 / ratio);
  const isMirrored = below(2) === 0;
  const size = [Math.min(1, Math.sqrt(area) / stretch), Math.min(1, Math.sqrt(area) * stretch)] as const;
  const at = size.map((part) => draw(0, 1 - part)) as [number, number];
  return new Map(
    [...feeds].map(([name, tensor]) => [
      name,
      isPicture(tensor, layout) ? crop(tensor, layout, at, size, isMirrored) : tensor,
    ]),
  );
}

function isPicture({ type, dims }: Tensor, layout: Preprocess["layout"]): boolean {
  const channels = dims[layout === "NCHW" ? 1 : 3];
  return type === "float32" && dims.length === 4 && (channels === 1 || channels === 3);
}

/** `at` and `size` are shares of height and width. */
function crop(
  tensor: Tensor,
  layout: Preprocess["layout"],
  at: readonly [number, number],
  size: readonly [number, number],
  isMirrored: boolean,
): Tensor {
  const [batch = 1] = tensor.dims;
  const [height, width, channels] = (layout === "NCHW" ? [2, 3, 1] : [1, 2, 3]).map((axis) => tensor.dims[axis]!) as [
    number,
    number,
    number,
  ];
  const [byRow, byColumn, byChannel] = layout === "NCHW" ? [width, 1, height * width] : [width * channels, channels, 1];
  const rows = places(height, at[0], size[0]);
  const columns = places(width, at[1], size[1]);
  if (isMirrored) columns.reverse();
  const from = tensor.data as Float32Array;
  const data = new Float32Array(from.length);
  for (let sample = 0; sample < batch; sample++) {
    for (let channel = 0; channel < channels; channel++) {
      const base = sample * height * width * channels + channel * byChannel;
      for (const [row, [top, bottom, down]] of rows.entries()) {
        for (const [column, [left, right, across]] of columns.entries()) {
          const value = (y: number, x: number) => from[base + y * byRow + x * byColumn] as number;
          const above = value(top, left) * (1 - across) + value(top, right) * across;
          const under = value(bottom, left) * (1 - across) + value(bottom, right) * across;
          data[base + row * byRow + column * byColumn] = above * (1 - down) + under * down;
        }
      }
    }
  }
  return { ...tensor, data };
}

/** Between which two places each place of a side lies in what a crop shows, and how far from the first. */
function places(length: number, at: number, size: number): (readonly [number, number, number])[] {
  return Array.from({ length }, (_, place) => {
    const exact = Math.min(Math.max(at * length + (place + 0.5) * size - 0.5, 0), length - 1);
    const first = Math.floor(exact);
    return [first, Math.min(first + 1, length - 1), exact - first] as const;
  });
}
