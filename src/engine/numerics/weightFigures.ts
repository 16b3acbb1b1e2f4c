import type { WeightAnalysis } from "../model/analysis.ts";
import type { ChannelLayout } from "./channels.ts";
import { signalToNoise } from "./decibels.ts";
import { weightKernel } from "./kernel/weightKernel.ts";

export interface WeightFigures extends Pick<WeightAnalysis, "channels" | "sqnr"> {
  /** Sums of squares of the weights, and of their errors. */
  readonly energy: number;
  readonly error: number;
}

/**
 * What quantizing weights costs, measured on the weights and the values that their codes stand for: extremes and SQNR of each
 * channel, and of all. `scales` holds one scale a channel, or one for all.
 */
export function weightFigures(
  weights: Float32Array,
  values: Float32Array,
  layout: ChannelLayout,
  scales: Float32Array,
): WeightFigures {
  return weightFiguresOf(weights, [{ from: 0, values }], layout, scales);
}

/** Values that a weight's codes stand for, of a stretch of it from a place on. */
export interface DecodedStretch {
  readonly from: number;
  readonly values: Float32Array;
}

/** The same of values that come one stretch after the other, each of whole channels or of as much of all of them. */
export function weightFiguresOf(
  weights: Float32Array,
  stretches: Iterable<DecodedStretch>,
  layout: ChannelLayout,
  scales: Float32Array,
): WeightFigures {
  const { channels, inner } = layout;
  const sums: ChannelSums = {
    min: new Float64Array(channels).fill(Infinity),
    max: new Float64Array(channels).fill(-Infinity),
    energy: new Float64Array(channels),
    error: new Float64Array(channels),
  };
  for (const { from, values } of stretches) {
    const part = weights.subarray(from, from + values.length);
    const isOfSome = layout.outer === 1 && channels > 1;
    const first = isOfSome ? from / inner : 0;
    const within = isOfSome
      ? { outer: 1, channels: values.length / inner, inner }
      : channels === 1
        ? { outer: 1, channels, inner: values.length }
        : { ...layout, outer: values.length / (channels * inner) };
    addSums(part, values, within, sums, first);
  }
  const total = (parts: Float64Array) => parts.reduce((sum, value) => sum + value, 0);
  const [energy, error] = [total(sums.energy), total(sums.error)];
  return {
    channels: Array.from(sums.energy, (energy, channel) => ({
      min: sums.min[channel] as number,
      max: sums.max[channel] as number,
      scale: scales[scales.length === 1 ? 0 : channel] as number,
      sqnr: signalToNoise(energy, sums.error[channel] as number),
    })),
    sqnr: signalToNoise(energy, error),
    energy,
    error,
  };
}

/** Values that the kernel is given at once. */
const AT_ONCE = 1 << 15;

/** By channel. */
interface ChannelSums {
  readonly min: Float64Array;
  readonly max: Float64Array;
  readonly energy: Float64Array;
  readonly error: Float64Array;
}

/** Adds what a stretch comes to, whose first channel is `first`. */
function addSums(
  weights: Float32Array,
  values: Float32Array,
  { outer, channels, inner }: ChannelLayout,
  { min, max, energy, error }: ChannelSums,
  first: number,
): void {
  const kernel = weightKernel();
  const bytes = 8 * channels;
  const [ours = 0, theirs = 0, ...places] = kernel.place(4 * AT_ONCE, 4 * AT_ONCE, bytes, bytes, bytes, bytes);
  const { floats, doubles } = kernel;
  const [lows = 0, highs = 0, energies = 0, errors = 0] = places;
  const sums = [min, max, energy, error].map((each) => each.subarray(first, first + channels));
  sums.forEach((each, i) => {
    doubles.set(each, (places[i] as number) / 8);
  });
  const give = (from: number, count: number) => {
    floats.set(weights.subarray(from, from + count), ours / 4);
    floats.set(values.subarray(from, from + count), theirs / 4);
  };
  if (inner === 1) {
    for (let from = 0; from < channels; from += AT_ONCE) {
      const count = Math.min(AT_ONCE, channels - from);
      const to = 8 * from;
      for (let o = 0; o < outer; o++) {
        give(o * channels + from, count);
        kernel.compareEach(ours, theirs, count, lows + to, highs + to, energies + to, errors + to);
      }
    }
  } else {
    for (let run = 0; run < outer * channels; run++) {
      const to = 8 * (run % channels);
      for (let from = run * inner, end = from + inner; from < end; from += AT_ONCE) {
        const count = Math.min(AT_ONCE, end - from);
        give(from, count);
        kernel.compareRun(ours, theirs, count, lows + to, highs + to, energies + to, errors + to);
      }
    }
  }
  sums.forEach((each, i) => {
    const at = (places[i] as number) / 8;
    each.set(doubles.subarray(at, at + channels));
  });
}
