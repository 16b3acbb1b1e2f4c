import { KERNEL } from "./binary.ts";

/** Words that the kernel takes at once: 32 KB, which stay in a core's first cache. */
export const BLOCK = 8192;

/** Where things lie, in 32-bit words: what the kernel found, the block, and from there what was allocated. */
const FOUND = 0;
const WORDS = 16;
const FIRST = WORDS + BLOCK;
const PAGE_WORDS = 1 << 14;

/** What lies where in a tally's table, in words: two page tables, one for every other word of a block, then the cells. */
export const LANE = 512;
export const CELLS = 2 * LANE;

interface Exports {
  readonly memory: WebAssembly.Memory;
  survey(count: number): void;
  sift(count: number): void;
  count(table: number, count: number): void;
}

/** What is in a block: extremes, NaN left out, and zeros by their sign. */
export interface Survey {
  readonly low: number;
  readonly high: number;
  readonly positiveZeros: number;
  readonly negativeZeros: number;
  readonly hasNaN: boolean;
}

/** The finite extremes of a block, and what in it is not finite. */
export interface Sift {
  readonly low: number;
  readonly high: number;
  readonly nan: number;
  readonly positiveInfinity: number;
  readonly negativeInfinity: number;
}

let compiled: WebAssembly.Module | null = null;

/**
 * The loops over tensors, in WebAssembly SIMD (assembly/tally.ts), and the memory that their tables lie in. A block is
 * copied in by `survey`; `sift` and `count` look at the last one. Addresses are in 32-bit words.
 */
export class Kernel {
  readonly #exports: Exports;
  #next = FIRST;
  #words: Uint32Array;
  #floats: Float32Array;

  constructor() {
    compiled ??= new WebAssembly.Module(Uint8Array.from(atob(KERNEL), (letter) => letter.charCodeAt(0)));
    this.#exports = new WebAssembly.Instance(compiled).exports as unknown as Exports;
    this.#words = new Uint32Array(this.#exports.memory.buffer);
    this.#floats = new Float32Array(this.#exports.memory.buffer);
  }

  /** The memory; another array after the next `allocate`. */
  get words(): Uint32Array {
    return this.#words;
  }

  /** The address of `size` words of zeros. Throws RangeError when there is no memory left. */
  allocate(size: number): number {
    const at = this.#next;
    this.#next += size;
    const missing = this.#next - this.#words.length;
    if (missing > 0) {
      this.#exports.memory.grow(Math.ceil(missing / PAGE_WORDS));
      this.#words = new Uint32Array(this.#exports.memory.buffer);
      this.#floats = new Float32Array(this.#exports.memory.buffer);
    }
    return at;
  }

  /** Takes back everything that was allocated. */
  clear(): void {
    this.#words.fill(0, FIRST, this.#next);
    this.#next = FIRST;
  }

  /** Copies at most BLOCK values in and looks at them. */
  survey(values: Float32Array): Survey {
    this.#floats.set(values, WORDS);
    this.#exports.survey(values.length);
    return {
      low: this.#floats[FOUND] as number,
      high: this.#floats[FOUND + 1] as number,
      positiveZeros: this.#words[FOUND + 2] as number,
      negativeZeros: this.#words[FOUND + 3] as number,
      hasNaN: this.#words[FOUND + 4] !== 0,
    };
  }

  sift(count: number): Sift {
    this.#exports.sift(count);
    return {
      low: this.#floats[FOUND] as number,
      high: this.#floats[FOUND + 1] as number,
      nan: this.#words[FOUND + 2] as number,
      positiveInfinity: this.#words[FOUND + 3] as number,
      negativeInfinity: this.#words[FOUND + 4] as number,
    };
  }

  /** Counts the block into the cells of a table. */
  count(table: number, count: number): void {
    this.#exports.count(table * 4, count);
  }
}
