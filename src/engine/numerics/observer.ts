import type { Range } from "../model/range.ts";
import type { TensorStatistics } from "../model/statistics.ts";
import { type Counts, clampCounts } from "./counts.ts";
import { clampExtent, type Extent, NOTHING, widen } from "./extent.ts";
import { mergeCounts } from "./histogram.ts";
import { Kernel } from "./kernel/kernel.ts";
import { Tally } from "./tally.ts";

/** What was seen of a tensor, before it is made into statistics. */
export interface Sightings {
  readonly counts: Counts;
  /** The extent of each sample, by sample index. */
  readonly samples: ReadonlyMap<number, Extent>;
}

/**
 * Streams float32 tensors into TensorStatistics. The result depends only on which values were seen in which sample,
 * not on batches, order or merging. Zeros of both signs count as zero; NaN and infinities are counted and left out.
 */
export class Observer {
  readonly #tally: Tally;
  readonly #samples = new Map<number, Extent>();

  /** Counts in the memory of `kernel`, finely enough for what `clampSightings` makes of it with each of `clamps`. */
  constructor(kernel = new Kernel(), clamps: readonly Range[] = []) {
    this.#tally = new Tally(kernel, clamps);
  }

  /** The statistics of everything that any of `parts` saw; of nothing when there are none. */
  static merge(parts: readonly TensorStatistics[]): TensorStatistics {
    return summarize(parts.map(sightingsOf));
  }

  /** Adds values of sample `sampleIndex`; may be called several times for one sample. */
  observe(data: Float32Array, sampleIndex: number): void {
    const extent = this.#tally.add(data);
    this.#samples.set(sampleIndex, widen(this.#samples.get(sampleIndex) ?? NOTHING, extent));
  }

  sightings(): Sightings {
    return { counts: this.#tally.counts(), samples: new Map(this.#samples) };
  }

  statistics(): TensorStatistics {
    return summarize([this.sightings()]);
  }
}

/** What would have been seen of the same values clamped to one of the clamps that their observer was given. */
export function clampSightings({ counts, samples }: Sightings, clamp: Range): Sightings {
  return {
    counts: clampCounts(counts, clamp),
    samples: new Map([...samples].map(([index, extent]) => [index, clampExtent(extent, clamp)])),
  };
}

/** The statistics of everything in `parts`. Throws RangeError where an octave is too coarse to merge. */
export function summarize(parts: readonly Sightings[]): TensorStatistics {
  const { octaves, ...tallied } = mergeCounts(parts.map(({ counts }) => counts));
  const extents = new Map<number, Extent>();
  for (const { samples } of parts) {
    for (const [index, extent] of samples) extents.set(index, widen(extents.get(index) ?? NOTHING, extent));
  }
  const samples = [...extents].filter(([, { low, high }]) => low <= high).sort(([a], [b]) => a - b);
  return {
    ...tallied,
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

/**
 * Statistics of parts that are given one after another, in any order: of each nothing is kept but the extremes of its samples, so that memory
 * does not grow with the number of parts.
 */
export class StatisticsSum {
  #counts = mergeCounts([]);
  readonly #samples: TensorStatistics["samples"][] = [];

  add({ samples, ...counts }: TensorStatistics): void {
    this.#counts = mergeCounts([this.#counts, counts]);
    this.#samples.push(samples);
  }

  /** What Observer.merge makes of all parts. */
  statistics(): TensorStatistics {
    const none = mergeCounts([]);
    const extents = this.#samples.map((samples) => ({ counts: none, samples: extentsOf(samples) }));
    return summarize([{ counts: this.#counts, samples: new Map() }, ...extents]);
  }
}

function sightingsOf(statistics: TensorStatistics): Sightings {
  return { counts: statistics, samples: extentsOf(statistics.samples) };
}

function extentsOf({ index, min, max }: TensorStatistics["samples"]): Sightings["samples"] {
  return new Map(index.map((sample, i) => [sample, { ...NOTHING, low: min[i] as number, high: max[i] as number }]));
}
