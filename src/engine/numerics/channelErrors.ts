import type { Tensor } from "../model/tensor.ts";
import { channelLayout, forEachRun } from "./channels.ts";

/**
 * The mean error of each channel of a tensor, of the values between `low` and `high` alone, from one sample after
 * another. NaN and infinite errors are left out.
 */
export class ChannelErrors {
  readonly #axis: number;
  readonly #low: number;
  readonly #high: number;
  /** By channel: sum and number of errors, and the squares of each sample's sum. */
  #sums = new Float64Array(0);
  #counts = new Float64Array(0);
  #squares = new Float64Array(0);
  #samples = 0;

  constructor(axis: number, { low, high }: { readonly low: number; readonly high: number }) {
    this.#axis = axis;
    this.#low = low;
    this.#high = high;
  }

  /** Adds one sample; both tensors are float32 and of one shape. */
  add(reference: Tensor, other: Tensor): void {
    const layout = channelLayout(reference.dims, this.#axis);
    const [expected, actual] = [reference.data as Float32Array, other.data as Float32Array];
    if (this.#samples === 0) {
      this.#sums = new Float64Array(layout.channels);
      this.#counts = new Float64Array(layout.channels);
      this.#squares = new Float64Array(layout.channels);
    }
    this.#samples++;
    const sums = new Float64Array(layout.channels);
    forEachRun(layout, (channel, start, end) => {
      let sum = 0;
      let count = 0;
      for (let i = start; i < end; i++) {
        const value = expected[i] as number;
        const error = value - (actual[i] as number);
        if (!(value > this.#low && value < this.#high && Math.abs(error) < Infinity)) continue;
        sum += error;
        count++;
      }
      sums[channel] = (sums[channel] as number) + sum;
      this.#counts[channel] = (this.#counts[channel] as number) + count;
    });
    for (const [channel, sum] of sums.entries()) {
      this.#sums[channel] = (this.#sums[channel] as number) + sum;
      this.#squares[channel] = (this.#squares[channel] as number) + sum * sum;
    }
  }

  /**
   * Reference less other: the mean of each channel times m^2 / (m^2 + v), with m the mean of the samples' sums and v the
   * square of its standard error. 0 for a channel that no value counts of.
   */
  means(): number[] {
    return Array.from(this.#sums, (sum, channel) => {
      const count = this.#counts[channel] as number;
      if (count === 0) return 0;
      const mean = sum / this.#samples;
      const variance = Math.max(0, (this.#squares[channel] as number) / this.#samples - mean * mean) / this.#samples;
      const trust = mean * mean + variance;
      return trust === 0 ? 0 : Math.fround(((sum / count) * (mean * mean)) / trust);
    });
  }
}
