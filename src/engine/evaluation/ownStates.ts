import type { Dataset } from "../model/dataset.ts";
import type { Session } from "../model/runtime.ts";
import type { Tensor, TensorMap } from "../model/tensor.ts";

/**
 * Runs a model on samples. Where these are steps, it carries its own states from one to the next, as it does in use, and not the
 * float model's, which samples hold: what lies before a step in its sequence is run first where it was not.
 */
export class OwnStates {
  readonly #session: Session;
  readonly #dataset: Dataset;
  #last = -1;
  #carried: TensorMap = new Map();

  constructor(session: Session, dataset: Dataset) {
    this.#session = session;
    this.#dataset = dataset;
  }

  /** `feeds` are those of the sample. Throws InputError where a step before it cannot be read. */
  async run(index: number, feeds: TensorMap): Promise<TensorMap> {
    const { sequences } = this.#dataset;
    if (!sequences) return this.#session.run(feeds);
    const start = sequences.startOf(index);
    const from = this.#last >= start && this.#last < index ? this.#last + 1 : start;
    for (let at = from; at < index; at++) await this.#step(at, start, (await this.#dataset.get(at)).feeds);
    return this.#step(index, start, feeds);
  }

  async #step(index: number, start: number, feeds: TensorMap): Promise<TensorMap> {
    const states = this.#dataset.sequences!.states;
    const made = await this.#session.run(index === start ? feeds : new Map([...feeds, ...this.#carried]));
    this.#carried = new Map([...states].map(([input, output]): [string, Tensor] => [input, made.get(output)!]));
    this.#last = index;
    return made;
  }
}
