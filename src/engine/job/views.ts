import { cropped } from "../data/crops.ts";
import type { Dataset } from "../model/dataset.ts";
import { HELD, teachingOf } from "../model/finetuning.ts";
import { InputError } from "../model/job.ts";
import type { Recipe } from "../model/recipe.ts";
import type { TensorMap } from "../model/tensor.ts";
import { bytesOf } from "../tuning/walker.ts";
import { readableSamples } from "./samples.ts";

/** How often each picture that teaches is seen: as it is, and in crops. */
const VIEWS = 4;

/** Samples as they are seen: those that teach and are pictures in crops, too, the same each time; anything else as it is. */
export class Views {
  readonly #dataset: Dataset;
  readonly #wanted: number;
  readonly #signal: AbortSignal;
  readonly #layout: NonNullable<Recipe["preprocess"]>["layout"] | null;
  /** How many samples were read that teach, and that judge. */
  #taught = 0;
  #held = 0;

  constructor(dataset: Dataset, samples: number, { preprocess }: Recipe, signal: AbortSignal) {
    this.#signal = signal;
    this.#dataset = dataset;
    this.#wanted = Math.min(samples, dataset.length);
    this.#layout = preprocess?.layout ?? null;
  }

  get #views(): number {
    return this.#layout ? VIEWS : 1;
  }

  get most(): number {
    return this.#wanted * this.#views;
  }

  get samples(): number {
    return this.#taught + this.#held;
  }

  get count(): number {
    return this.#taught * this.#views + this.#held;
  }

  /** How many of them, the last, are held out. Throws InputError where none teaches, or none judges. */
  get held(): number {
    if (this.#held > 0 && this.#taught > 0) return this.#held;
    throw new InputError(
      `Fine-tuning holds out one sample in ${HELD}, and ${this.samples} could be read: give ${HELD} or more, or choose learned rounding.`,
    );
  }

  /** Those that judge, as a dataset of their own. */
  get heldOut(): Dataset {
    const first = teachingOf(this.#wanted);
    return {
      ...{ length: this.#wanted - first, labels: null, notices: [] },
      sourceOf: (index) => this.#dataset.sourceOf(first + index),
      get: (index) => this.#dataset.get(first + index),
    };
  }

  /** View by view of the samples that teach, so that those of one are apart; then those held out. */
  async *all(): AsyncGenerator<TensorMap> {
    const { taught, held } = await this.#read();
    yield* this.#viewsOf(taught);
    yield* held;
  }

  /** As many views as take so many bytes, the first ones: one in `HELD` of those held out, as they are, the others of those that teach. Throws as `held` does. */
  async within(bytes: number): Promise<{ readonly taught: readonly TensorMap[]; readonly held: readonly TensorMap[] }> {
    const all = await this.#read();
    const held = asManyAs(bytes / HELD, all.held.slice(0, this.held));
    const taken = held.reduce((sum, feeds) => sum + bytesOf(feeds), 0);
    return { taught: asManyAs(bytes - taken, this.#viewsOf(all.taught)), held };
  }

  async #read(): Promise<{ readonly taught: readonly TensorMap[]; readonly held: readonly TensorMap[] }> {
    const [taught, held]: [TensorMap[], TensorMap[]] = [[], []];
    for await (const { done, sample } of readableSamples(this.#dataset, this.#wanted)) {
      this.#signal.throwIfAborted();
      (done < teachingOf(this.#wanted) ? taught : held).push(sample.feeds);
    }
    [this.#taught, this.#held] = [taught.length, held.length];
    return { taught, held };
  }

  *#viewsOf(taught: readonly TensorMap[]): Generator<TensorMap> {
    for (let view = 0; view < this.#views; view++) {
      for (const [at, feeds] of taught.entries()) {
        this.#signal.throwIfAborted();
        yield this.#layout && view > 0 ? cropped(feeds, this.#layout, at * VIEWS + view) : feeds;
      }
    }
  }
}

/** The first ones that take so many bytes together, one at least. */
function asManyAs(bytes: number, feeds: Iterable<TensorMap>): TensorMap[] {
  const taken: TensorMap[] = [];
  let sum = 0;
  for (const each of feeds) {
    sum += bytesOf(each);
    if (sum > bytes && taken.length > 0) break;
    taken.push(each);
  }
  return taken;
}
