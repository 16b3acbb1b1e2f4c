/**
 * How a picture becomes a tensor: resize, centre crop, order channels, then value = (x * scale - mean) / std
 * with x in 0..255. `mean` and `std` have one entry, or one per channel in the order of `color`.
 */
export interface Preprocess {
  readonly resize: {
    /** shorter: the shorter side becomes `size`. exact: [height, width]. letterbox: fits into [height, width], the rest filled with 114. */
    readonly mode: "shorter" | "exact" | "letterbox";
    readonly size: number | readonly [number, number];
  } | null;
  /** Centre crop, in pixels: a side, or [height, width]. */
  readonly crop: number | readonly [number, number] | null;
  readonly layout: "NCHW" | "NHWC";
  readonly color: "RGB" | "BGR" | "GRAY";
  readonly scale: number;
  readonly mean: readonly number[];
  readonly std: readonly number[];
}

export const PRESETS = ["imagenet", "imagenet-tf", "unit", "raw"] as const;
export type Preset = (typeof PRESETS)[number];
