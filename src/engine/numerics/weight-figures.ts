import type { WeightAnalysis } from "../model/analysis.ts";
import { type ChannelLayout, forEachRun } from "./channels.ts";
import { signalToNoise } from "./decibels.ts";

/**
 * What quantizing weights to these codes costs, measured on the weights: extremes and SQNR of each channel, and of all.
 * `scales` holds one scale a channel, or one for all.
 */
export function weightFigures(
  weights: Float32Array,
  codes: Int8Array,
  layout: ChannelLayout,
  scales: Float32Array,
): Pick<WeightAnalysis, "channels" | "sqnr"> {
  const scaleOf = (channel: number) => scales[scales.length === 1 ? 0 : channel] as number;
  const channels = Array.from({ length: layout.channels }, (_, index) => ({
    scale: scaleOf(index),
    min: Infinity,
    max: -Infinity,
    energy: 0,
    error: 0,
  }));
  forEachRun(layout, (index, start, end) => {
    const channel = channels[index];
    if (!channel) throw new RangeError(`There is no channel ${index}.`);
    for (let i = start; i < end; i++) {
      const weight = weights[i] as number;
      const error = weight - Math.fround((codes[i] as number) * channel.scale);
      channel.min = Math.min(channel.min, weight);
      channel.max = Math.max(channel.max, weight);
      channel.energy += weight * weight;
      channel.error += error * error;
    }
  });
  const total = (key: "energy" | "error") => channels.reduce((sum, channel) => sum + channel[key], 0);
  return {
    channels: channels.map(({ min, max, scale, energy, error }) => ({
      min,
      max,
      scale,
      sqnr: signalToNoise(energy, error),
    })),
    sqnr: signalToNoise(total("energy"), total("error")),
  };
}
