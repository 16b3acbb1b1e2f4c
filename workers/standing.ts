import { sharesMemory } from "./sharedMemory.ts";

const SEEN = 0;
const STORED = 1;

/**
 * How many samples a calibration has seen, and how many of these are stored, in memory that the page and its worker share: a page that is
 * being left is told nothing more.
 */
export class Standing {
  readonly #counts: Int32Array;

  constructor(shared: SharedArrayBuffer) {
    this.#counts = new Int32Array(shared);
  }

  /** Null where pages share no memory with workers. */
  static share(): SharedArrayBuffer | null {
    return sharesMemory() ? new SharedArrayBuffer(2 * Int32Array.BYTES_PER_ELEMENT) : null;
  }

  get seen(): number {
    return Atomics.load(this.#counts, SEEN);
  }

  get stored(): number {
    return Atomics.load(this.#counts, STORED);
  }

  see(samples: number): void {
    Atomics.store(this.#counts, SEEN, samples);
  }

  store(samples: number): void {
    Atomics.store(this.#counts, STORED, samples);
  }
}
