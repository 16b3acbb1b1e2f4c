import type { Clipped } from "../model/clipped.ts";
import type { Session } from "../model/runtime.ts";
import type { TensorMap } from "../model/tensor.ts";

/** A tensor with its clip range, and the outputs of a session that tell how many of its values lie outside, and how many there are. */
export interface CountedTensor extends Omit<Clipped, "values" | "share"> {
  readonly outside: string;
  readonly all: string;
}

/** Adds up what a session counts, sample by sample. */
export class ClipCounts {
  readonly #session: Session;
  readonly #tensors: readonly CountedTensor[];
  readonly #outside: number[];
  readonly #all: number[];

  constructor(session: Session, tensors: readonly CountedTensor[]) {
    this.#session = session;
    this.#tensors = tensors;
    this.#outside = tensors.map(() => 0);
    this.#all = tensors.map(() => 0);
  }

  async add(feeds: TensorMap): Promise<void> {
    const counts = await this.#session.run(feeds);
    const counted = (name: string) => Number(counts.get(name)!.data[0]);
    for (const [i, { outside, all }] of this.#tensors.entries()) {
      this.#outside[i] = this.#outside[i]! + counted(outside);
      this.#all[i] = this.#all[i]! + counted(all);
    }
  }

  /** In the order of the tensors; of one without a value nothing is cut off. */
  result(): Clipped[] {
    return this.#tensors.map(({ tensor, producer, range }, i) => {
      const values = this.#all[i]!;
      return { tensor, producer, range, values, share: values === 0 ? 0 : this.#outside[i]! / values };
    });
  }
}
