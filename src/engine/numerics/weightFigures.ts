import type { WeightAnalysis } from "../model/analysis.ts";
import type { ChannelLayout } from "./channels.ts";
import { signalToNoise } from "./decibels.ts";
import { weightKernel } from "./kernel/weightKernel.ts";

/**
 * What quantizing weights costs, measured on the weights and the values that their codes stand for: extremes and SQNR of each
 * channel, and of all. `scales` holds one scale a channel, or one for all.
 */
export function weightFigures(
  weights: Float32Array,
  values: Float32Array,
  layout: ChannelLayout,
  scales: Float32Array,
): Pick<WeightAnalysis, "channels" | "sqnr"> {
  const sums = channelSums(weights, values, layout);
  const total = (parts: Float64Array) => parts.reduce((sum, value) => sum + value, 0);
  return {
    channels: Array.from(sums.energy, (energy, channel) => ({
      min: sums.min[channel] as number,
      max: sums.max[channel] as number,
      scale: scales[scales.length === 1 ? 0 : channel] as number,
      sqnr: signalToNoise(energy, sums.error[channel] as number),
    })),
    sqnr: signalToNoise(total(sums.energy), total(sums.error)),
  };
}

/** Values that the kernel is given at once. */
const AT_ONCE = 1 << 15;

function channelSums(weights: Float32Array, values: Float32Array, { outer, channels, inner }: ChannelLayout) {
  const kernel = weightKernel();
  const bytes = 8 * channels;
  const [ours = 0, theirs = 0, ...sums] = kernel.place(4 * AT_ONCE, 4 * AT_ONCE, bytes, bytes, bytes, bytes);
  const { floats, doubles } = kernel;
  const [lows = 0, highs = 0, energies = 0, errors = 0] = sums;
  const startOf = new Map([
    [lows, Infinity],
    [highs, -Infinity],
  ]);
  for (const at of sums) doubles.fill(startOf.get(at) ?? 0, at / 8, at / 8 + channels + 1);
  const give = (from: number, count: number) => {
    floats.set(weights.subarray(from, from + count), ours / 4);
    floats.set(values.subarray(from, from + count), theirs / 4);
  };
  if (inner === 1) {
    for (let first = 0; first < channels; first += AT_ONCE) {
      const count = Math.min(AT_ONCE, channels - first);
      const to = 8 * first;
      for (let o = 0; o < outer; o++) {
        give(o * channels + first, count);
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
  const [min, max, energy, error] = sums.map((at) => doubles.slice(at / 8, at / 8 + channels));
  return { min: min!, max: max!, energy: energy!, error: error! };
}
