import type { TensorStatistics } from "../model/statistics.ts";
import { Histogram } from "./histogram.ts";

interface Extremes {
  low: number;
  high: number;
}

/**
 * Streams float32 tensors into TensorStatistics. The result depends only on which values were seen in which sample,
 * not on batches, order or merging. Zeros of both signs count as zero; NaN and infinities are counted and left out.
 */
export class Observer {
  readonly #histogram = new Histogram();
  readonly #samples = new Map<number, Extremes>();

  /** An observer that continues where `statistics` ended. */
  static from(statistics: TensorStatistics): Observer {
    const observer = new Observer();
    observer.#absorb([statistics]);
    return observer;
  }

  /** The statistics of everything that any of `parts` saw; of nothing when there are none. */
  static merge(parts: readonly TensorStatistics[]): TensorStatistics {
    const observer = new Observer();
    observer.#absorb(parts);
    return observer.statistics();
  }

  /** Adds values of sample `sampleIndex`; may be called several times for one sample. */
  observe(data: Float32Array, sampleIndex: number): void {
    this.#histogram.add(data);
    this.#widen(sampleIndex, this.#histogram.low, this.#histogram.high);
  }

  statistics(): TensorStatistics {
    const { zeros, nan, positiveInfinity, negativeInfinity } = this.#histogram;
    const octaves = this.#histogram.octaves();
    const samples = [...this.#samples].sort(([a], [b]) => a - b);
    let finite = zeros;
    for (const { counts } of octaves) for (const count of counts) finite += count;
    return {
      finite,
      zeros,
      nan,
      positiveInfinity,
      negativeInfinity,
      min: samples.reduce((min, [, { low }]) => Math.min(min, low), Infinity),
      max: samples.reduce((max, [, { high }]) => Math.max(max, high), -Infinity),
      octaves,
      samples: {
        index: samples.map(([index]) => index),
        min: samples.map(([, { low }]) => low),
        max: samples.map(([, { high }]) => high),
      },
    };
  }

  #absorb(parts: readonly TensorStatistics[]): void {
    const histogram = this.#histogram;
    histogram.addOctaves(parts.flatMap((part) => part.octaves));
    for (const part of parts) {
      histogram.addZeros(part.zeros);
      histogram.nan += part.nan;
      histogram.positiveInfinity += part.positiveInfinity;
      histogram.negativeInfinity += part.negativeInfinity;
      const { index, min, max } = part.samples;
      index.forEach((sample, i) => {
        this.#widen(sample, min[i] as number, max[i] as number);
      });
    }
  }

  #widen(sample: number, low: number, high: number): void {
    if (low > high) return;
    const known = this.#samples.get(sample);
    if (known === undefined) {
      this.#samples.set(sample, { low, high });
      return;
    }
    known.low = Math.min(known.low, low);
    known.high = Math.max(known.high, high);
  }
}
