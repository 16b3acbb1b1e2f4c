import type { Port } from "../model/tensor.ts";

type Dims = Port["dims"];

/** Whether a tensor of these dims can be fed; a symbolic or open dimension takes any size. */
export function fits(dims: readonly number[], wanted: Dims): boolean {
  return dims.length === wanted.length && dims.every((dim, i) => typeof wanted[i] !== "number" || wanted[i] === dim);
}

export interface PictureInput {
  readonly layout: "NCHW" | "NHWC";
  readonly channels: 1 | 3;
  /** Null where the model leaves the size open. */
  readonly height: number | null;
  readonly width: number | null;
}

/** How an input of rank 4 takes pictures: channels (1 or 3) second, else last. Null when it does not look so. */
export function pictureInput(dims: Dims): PictureInput | null {
  if (dims.length !== 4) return null;
  const size = (at: number) => (typeof dims[at] === "number" ? dims[at] : null);
  for (const layout of ["NCHW", "NHWC"] as const) {
    const channels = size(layout === "NCHW" ? 1 : 3);
    const row = layout === "NCHW" ? 2 : 1;
    if (channels === 1 || channels === 3) return { layout, channels, height: size(row), width: size(row + 1) };
  }
  return null;
}
