import type { OutputPart } from "../model/evaluation.ts";
import { channelLayout } from "../numerics/channels.ts";
import { signalToNoise } from "../numerics/decibels.ts";
import { partsBySize } from "../numerics/parts.ts";

/** Longer axes are places or words, not parts. */
const MOST_CHANNELS = 1024;
/** Of fewer values a channel it cannot be told how large it gets. */
const LEAST_VALUES = 8;

/**
 * Compares an output of two models channel by channel along each axis that has as many of them in every sample, so that parts of
 * very different size in one output, boxes and scores, have errors of their own. The first axis of several holds samples.
 */
export class PartComparison {
  /** By axis, null where its length differs between samples; none before the first. */
  #axes: readonly (AxisTally | null)[] | null = null;

  add(dims: readonly number[], reference: Float32Array, other: Float32Array): void {
    this.#axes ??= dims.map((length, axis) => {
      const holdsParts = length > 1 && length <= MOST_CHANNELS && (axis > 0 || dims.length === 1);
      return holdsParts ? new AxisTally() : null;
    });
    this.#axes = this.#axes.map((tally, axis) => (tally?.add(dims, axis, reference, other) ? tally : null));
  }

  /** The parts along the axis where they are furthest apart, the smallest values first; none where all are of one size. */
  results(): readonly OutputPart[] {
    const found = (this.#axes ?? []).map((tally, axis) => tally?.parts(axis) ?? []);
    return found.reduce((best, parts) => (contrast(parts) > contrast(best) ? parts : best), []);
  }

  /** SQNR of parts that were told on other samples, dB; of those along an axis that cannot be told here, none. */
  sqnrsOf(parts: readonly OutputPart[]): readonly number[] {
    return parts.flatMap(({ axis, channels }) => {
      const tally = this.#axes?.[axis];
      return tally ? [tally.sqnrOf(channels.flatMap(([first, last]) => numbers(first, last)))] : [];
    });
  }
}

function numbers(first: number, last: number): number[] {
  return Array.from({ length: last - first + 1 }, (_, i) => first + i);
}

function contrast(parts: readonly OutputPart[]): number {
  return parts.length === 0 ? 0 : parts.at(-1)!.largest / parts[0]!.largest;
}

/** What is told of each channel along one axis. */
class AxisTally {
  #low = new Float64Array();
  #high = new Float64Array();
  #energy = new Float64Array();
  #noise = new Float64Array();
  #values = 0;

  /** Whether the axis is there and as long as before. */
  add(dims: readonly number[], axis: number, reference: Float32Array, other: Float32Array): boolean {
    if (axis >= dims.length) return false;
    const { outer, channels, inner } = channelLayout(dims, axis);
    if (this.#low.length === 0) {
      this.#low = new Float64Array(channels).fill(Infinity);
      this.#high = new Float64Array(channels).fill(-Infinity);
      this.#energy = new Float64Array(channels);
      this.#noise = new Float64Array(channels);
    }
    if (this.#low.length !== channels) return false;
    this.#values += outer * inner;
    for (let run = 0; run < outer * channels; run++) {
      const channel = run % channels;
      let [low, high, energy, noise] = [Infinity, -Infinity, 0, 0];
      for (let i = run * inner; i < (run + 1) * inner; i++) {
        const x = reference[i] as number;
        const error = x - (other[i] as number);
        if (!(Math.abs(error) < Infinity)) continue;
        if (x < low) low = x;
        if (x > high) high = x;
        energy += x * x;
        noise += error * error;
      }
      if (low < this.#low[channel]!) this.#low[channel] = low;
      if (high > this.#high[channel]!) this.#high[channel] = high;
      this.#energy[channel]! += energy;
      this.#noise[channel]! += noise;
    }
    return true;
  }

  parts(axis: number): readonly OutputPart[] {
    if (this.#values < LEAST_VALUES) return [];
    const extents = Array.from(this.#low, (low, channel) => ({ low, high: this.#high[channel]! }));
    return (partsBySize(extents) ?? []).map((channels) => ({
      axis,
      channels: runsOf(channels),
      largest: channels.reduce((most, i) => Math.max(most, -extents[i]!.low, extents[i]!.high), 0),
      sqnr: this.sqnrOf(channels),
    }));
  }

  sqnrOf(channels: readonly number[]): number {
    const sum = (values: Float64Array) => channels.reduce((total, channel) => total + (values[channel] ?? 0), 0);
    return signalToNoise(sum(this.#energy), sum(this.#noise));
  }
}

/** Ascending numbers as first and last of each run. */
function runsOf(channels: readonly number[]): (readonly [number, number])[] {
  const runs: [number, number][] = [];
  for (const channel of channels) {
    const last = runs.at(-1);
    if (last && last[1] === channel - 1) last[1] = channel;
    else runs.push([channel, channel]);
  }
  return runs;
}
