import type { SampleLabels } from "../model/dataset.ts";

const NONE = -1;

/** The class index of each sample, null where it is not known, in 4 bytes a sample. */
export class LabelList implements SampleLabels {
  readonly #classes: Int32Array;

  constructor(length: number) {
    this.#classes = new Int32Array(length).fill(NONE);
  }

  get length(): number {
    return this.#classes.length;
  }

  at(sample: number): number | null | undefined {
    const label = this.#classes[sample];
    return label === NONE ? null : label;
  }

  /** Gives samples first..end a class, which is an int32 from 0 on. */
  set(label: number, first: number, end = first + 1): void {
    this.#classes.fill(label, first, end);
  }

  /** How many have none. */
  get missing(): number {
    return this.#classes.reduce((sum, label) => (label === NONE ? sum + 1 : sum), 0);
  }

  /** The first that has none; -1 where all have one. */
  get firstMissing(): number {
    return this.#classes.indexOf(NONE);
  }
}
