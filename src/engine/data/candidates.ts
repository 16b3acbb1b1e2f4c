import { InputError } from "../model/job.ts";
import { PRESETS, type Preprocess, type Preset } from "../model/preprocess.ts";
import type { OpenDataset } from "./dataset.ts";
import { channelsOf } from "./preprocess.ts";
import { NORMALISATIONS } from "./presets.ts";

export interface Candidate {
  /** Null for tensors, which are taken as they are. */
  readonly preprocess: Preprocess | null;
  /** The preset that gives it; null where none does. */
  readonly preset: Preset | null;
}

/**
 * What samples may have been meant to be preprocessed by, the one in use first: every preset, in the size in use where its
 * own does not suit the input; the channels in the order RGB and BGR; each layout that suits the input. What gives the
 * same values stands once. For tensors, what they are.
 */
export function preprocessCandidates(data: OpenDataset): Candidate[] {
  const inUse = data.preprocess;
  if (!inUse) return [{ preprocess: null, preset: null }];
  const presets = PRESETS.map((preset) => ({ preset, preprocess: suited(data, preset) }));
  const fitted = presets.flatMap(({ preset, preprocess }) => (preprocess ? [{ preset, preprocess }] : []));
  const resized = presets
    .filter(({ preprocess }) => !preprocess)
    .map(({ preset }): Preprocess => ({ ...inUse, ...normalisation(preset, inUse.color) }))
    .filter(({ mean }) => mean.length === 1 || mean.length === channelsOf(inUse));
  const plain = [inUse, ...fitted.map(({ preprocess }) => preprocess), ...resized];
  const nameOf = new Map(fitted.map(({ preset, preprocess }) => [valuesOf(preprocess), preset]));
  const all = new Map<string, Candidate>();
  for (const preprocess of [...plain, ...plain.flatMap((base) => othersOf(data, base))]) {
    const values = valuesOf(preprocess);
    if (!all.has(values)) all.set(values, { preprocess, preset: nameOf.get(values) ?? null });
  }
  return [...all.values()];
}

/** Null where it does not suit the input. */
function suited(data: OpenDataset, wanted: Preprocess | Preset): Preprocess | null {
  try {
    return data.withPreprocess(wanted).preprocess;
  } catch (error) {
    if (error instanceof InputError) return null;
    throw error;
  }
}

/** A preset's normalisation, a channel each in the order of `color`. */
function normalisation(preset: Preset, color: Preprocess["color"]): Pick<Preprocess, "scale" | "mean" | "std"> {
  const rgb = NORMALISATIONS[preset];
  return color === "BGR" ? reversed(rgb) : rgb;
}

function reversed<T extends Pick<Preprocess, "mean" | "std">>(preprocess: T): T {
  return { ...preprocess, mean: preprocess.mean.toReversed(), std: preprocess.std.toReversed() };
}

/** The same with the channels the other way round, each colour normalised as before, and in the other layout. */
function othersOf(data: OpenDataset, base: Preprocess): Preprocess[] {
  const swapped: readonly Preprocess[] =
    base.color === "GRAY" ? [] : [{ ...reversed(base), color: base.color === "RGB" ? "BGR" : "RGB" }];
  const turned = [base, ...swapped].map(
    (preprocess): Preprocess => ({ ...preprocess, layout: preprocess.layout === "NCHW" ? "NHWC" : "NCHW" }),
  );
  return [...swapped, ...turned].filter((preprocess) => suited(data, preprocess));
}

/** How far apart the values of the darkest and the brightest picture are, in the channel where they are farthest. */
export function spanOf({ scale, std }: Preprocess): number {
  return Math.max(...std.map((width) => Math.abs((255 * scale) / width)));
}

const DIGITS = 4;

/** What tells one preprocessing from another: sizes, layout, colours, and what becomes of 0 and 255, to four digits. */
function valuesOf({ resize, crop, layout, color, scale, mean, std }: Preprocess): string {
  const channels = color === "GRAY" ? 1 : 3;
  const ends = Array.from({ length: channels }, (_, c) => {
    const [centre, width] = [mean[c] ?? mean[0]!, std[c] ?? std[0]!];
    const span = (255 * scale) / width;
    return [Number((-centre / width / span).toFixed(DIGITS)), span.toPrecision(DIGITS)];
  });
  return JSON.stringify([resize, crop, layout, color, ends]);
}
