import { joinFeeds } from "../data/joinFeeds.ts";
import type { Dataset, Sample } from "../model/dataset.ts";
import { InputError } from "../model/job.ts";
import type { TensorMap } from "../model/tensor.ts";

/** Samples ready to run together, by index, and their tensors joined along the first dimension. */
export interface Batch {
  readonly samples: readonly number[];
  readonly feeds: TensorMap;
}

interface Ready {
  readonly index: number;
  readonly sample: Sample;
}

/** How many samples, from the first on, have its shape but for the first dimension, so that they can be joined. */
function alike(ready: readonly Ready[]): number {
  const shapeOf = ({ sample }: Ready) =>
    JSON.stringify([...sample.feeds].map(([name, { dims }]) => [name, dims.slice(1)]));
  const [first] = ready.map(shapeOf);
  const other = ready.findIndex((each) => shapeOf(each) !== first);
  return other < 0 ? ready.length : other;
}

/**
 * Reads samples in the order of their indices, one batch ahead of what was asked for: while that one is run, the next
 * is decoded. `onSkip` is told of samples that cannot be read.
 */
export class SampleFeed {
  readonly #dataset: Dataset;
  readonly #onSkip: (index: number, reason: InputError) => void;
  #waiting: number[];
  #ready: Ready[] = [];
  #isDecoding = false;
  #reading: Promise<unknown> = Promise.resolve();

  constructor(dataset: Dataset, indices: readonly number[], onSkip: (index: number, reason: InputError) => void) {
    this.#dataset = dataset;
    this.#waiting = [...indices];
    this.#onSkip = onSkip;
  }

  /** How many samples were not handed out yet. */
  get left(): number {
    return this.#waiting.length + this.#ready.length + (this.#isDecoding ? 1 : 0);
  }

  /** The next `size` samples, fewer at the end and where the next has another shape; null when none is left. Rejects with what reading a sample threw. */
  next(size: number): Promise<Batch | null> {
    const batch = this.#reading.then(async () => {
      await this.#read(size);
      return this.#ready.splice(0, alike(this.#ready.slice(0, size)));
    });
    this.#reading = batch.then(() => this.#read(size)).catch(() => undefined);
    return batch.then((ready) => {
      if (ready.length === 0) return null;
      const samples = ready.map(({ index }) => index);
      return { samples, feeds: joinFeeds(ready.map(({ sample }) => sample.feeds)) };
    });
  }

  /** Hands samples out again. */
  giveBack(samples: readonly number[]): void {
    this.#waiting = [...this.#waiting, ...samples].sort((a, b) => a - b);
  }

  async #read(size: number): Promise<void> {
    while (this.#ready.length < size) {
      const index = this.#waiting.shift();
      if (index === undefined) return;
      this.#isDecoding = true;
      try {
        this.#ready.push({ index, sample: await this.#dataset.get(index) });
      } catch (error) {
        if (!(error instanceof InputError)) {
          this.#waiting.unshift(index);
          throw error;
        }
        this.#onSkip(index, error);
      } finally {
        this.#isDecoding = false;
      }
    }
  }
}
