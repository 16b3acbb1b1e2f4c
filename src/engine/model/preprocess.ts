import {
  about,
  also,
  divisor,
  either,
  exactly,
  few,
  fields,
  finite,
  integer,
  named,
  nullable,
  type Of,
  oneOf,
  saying,
  tuple,
  whole,
} from "../schema/define.ts";
import { isObject } from "../schema/running.ts";

const MAX_SIDE = 16384;
const SIDE_RULE = `a whole number of pixels, 1 to ${MAX_SIDE}`;
const SIDE = integer(1, MAX_SIDE);
const SIZE = about("A side in pixels, or [height, width].", either([SIDE, tuple([SIDE, SIDE], SIDE_RULE)], SIDE_RULE));

/**
 * How a picture becomes a tensor: resize, centre crop, order channels, then value = (x * scale - mean) / std
 * with x in 0..255. `mean` and `std` have one entry, or one per channel in the order of `color`. While a person edits one
 * its fields need not fit each other.
 */
export const EDITED_PREPROCESS = named(
  "preprocessing",
  about(
    "value = (x * scale - mean) / std, x in 0..255; mean and std have one entry, or one a channel in the order of color.",
    fields({
      resize: whole(
        nullable(
          either(
            [
              about("The shorter side becomes size.", fields({ mode: exactly("shorter"), size: SIDE })),
              about(
                "exact: [height, width]. letterbox: fits into [height, width], the rest filled with 114.",
                fields({ mode: oneOf(["exact", "letterbox"]), size: SIZE }),
              ),
            ],
            "",
          ),
        ),
        'null, or {"mode": "shorter", "size": side}, or mode "exact" or "letterbox" with a side or [height, width]',
      ),
      crop: about("Centre crop, in pixels.", whole(nullable(SIZE), `null, ${SIDE_RULE}, or [height, width]`)),
      layout: oneOf(["NCHW", "NHWC"]),
      color: whole(oneOf(["RGB", "BGR", "GRAY"]), '"RGB", "BGR" or "GRAY"'),
      scale: whole(divisor, "a number other than 0"),
      mean: whole(few(finite), listRule),
      std: whole(few(divisor), (preprocess) => `${listRule(preprocess)}, none of them 0`),
    }),
  ),
);

/** The same, to be worked with. */
export const PREPROCESS = saying(
  also(EDITED_PREPROCESS, ({ color, mean, std }, fail) => {
    const channels = color === "GRAY" ? 1 : 3;
    if (mean.length !== 1 && mean.length !== channels) fail("", "mean");
    if (std.length !== 1 && std.length !== channels) fail("", "std");
  }),
  cropProblem,
);
export type Preprocess = Of<typeof PREPROCESS>;

function listRule(preprocess: unknown): string {
  return isObject(preprocess) && preprocess.color === "GRAY"
    ? "a list of one number"
    : "a list of one number, or three in the order of color";
}

export type Size = readonly [height: number, width: number];

export function pair(size: number | Size): Size {
  return typeof size === "number" ? [size, size] : size;
}

interface Sizes {
  readonly resize: { readonly mode: string; readonly size: number | Size } | null;
  readonly crop: number | Size | null;
}

/** What is wrong with a crop beyond what resizing gives, whatever the picture, to go on after what it is said of; else null. */
export function cropProblem({ resize: step, crop: cut }: Sizes): string | null {
  if (!step || cut === null) return null;
  const [height, width] = pair(step.size);
  const [cropHeight, cropWidth] = pair(cut);
  const shorter = step.mode === "shorter";
  if (shorter ? Math.min(cropHeight, cropWidth) <= height : cropHeight <= height && cropWidth <= width) return null;
  const resized = shorter ? `the shorter side to ${height}` : `to ${width}x${height}`;
  return `crops ${cropWidth}x${cropHeight} after resizing ${resized}; crop less, or resize to more.`;
}

export const PRESETS = ["imagenet", "imagenet-tf", "unit", "raw"] as const;
export type Preset = (typeof PRESETS)[number];
