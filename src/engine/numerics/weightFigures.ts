import type { WeightAnalysis } from "../model/analysis.ts";
import type { ChannelLayout } from "./channels.ts";
import { signalToNoise } from "./decibels.ts";

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

function channelSums(weights: Float32Array, values: Float32Array, layout: ChannelLayout) {
  const { outer, channels, inner } = layout;
  const mins = new Float64Array(channels).fill(Infinity);
  const maxs = new Float64Array(channels).fill(-Infinity);
  const energies = new Float64Array(channels);
  const errors = new Float64Array(channels);
  let i = 0;
  for (let block = 0; block < outer; block++) {
    for (let channel = 0; channel < channels; channel++) {
      let min = mins[channel] as number;
      let max = maxs[channel] as number;
      let energy = energies[channel] as number;
      let squares = errors[channel] as number;
      for (const end = i + inner; i < end; i++) {
        const weight = weights[i] as number;
        const error = weight - (values[i] as number);
        if (weight < min) min = weight;
        if (weight > max) max = weight;
        energy += weight * weight;
        squares += error * error;
      }
      mins[channel] = min;
      maxs[channel] = max;
      energies[channel] = energy;
      errors[channel] = squares;
    }
  }
  return { min: mins, max: maxs, energy: energies, error: errors };
}
