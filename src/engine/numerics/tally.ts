import type { Range } from "../model/range.ts";
import type { Octave } from "../model/statistics.ts";
import type { Counts } from "./counts.ts";
import { type Extent, NOTHING, widen } from "./extent.ts";
import { BLOCK, CELLS, type Kernel, LANE, type Sift, type Survey } from "./kernel/kernel.ts";
import { coarsen } from "./resolution.ts";
import { NEGATIVE, NO_CELLS, PAGES, tallyBits } from "./tallyLayout.ts";

const MANTISSA_BITS = 23;
const POSITIVE_SUBNORMALS = 0;
/** First cell of the zeros and positive subnormals of the second lane. */
const SECOND_ZEROS = 1;

/** Words that a table has to spare: a larger octave mostly adds the few cells of one that is far below. */
const SLACK = 256;

/** Values counted before the 32-bit cells are emptied into wider ones: long before one can overflow. */
const FOLD_AFTER = 2 ** 28;

const PAGES_IN_ORDER = [NEGATIVE, 0].flatMap((sign) => Array.from({ length: 255 }, (_, exponent) => sign + exponent));

/**
 * Counts the float32 values of one tensor in a kernel's memory, finely enough for their statistics and for those of the
 * values clamped to each of `clamps`.
 */
export class Tally {
  readonly #kernel: Kernel;
  readonly #clamps: readonly Range[];
  #table = 0;
  #capacity = 0;
  #extent = NOTHING;
  #bits: Int8Array = new Int8Array(PAGES).fill(NO_CELLS);
  readonly #firsts = new Int32Array(PAGES);
  /** Cells in use; the first takes what is not finite. */
  #cells = 1;
  #counted = 0;
  /** Counts that were taken out of the cells, by page. */
  readonly #folded = new Map<number, Float64Array>();
  #seen = 0;
  #positiveZeros = 0;
  #negativeZeros = 0;
  #nan = 0;
  #positiveInfinity = 0;
  #negativeInfinity = 0;

  constructor(kernel: Kernel, clamps: readonly Range[]) {
    this.#kernel = kernel;
    this.#clamps = clamps;
    this.#arrange();
  }

  /** Counts values and says how far they extend. */
  add(values: Float32Array): Extent {
    let extent = NOTHING;
    for (let start = 0; start < values.length; start += BLOCK) {
      const block = values.subarray(start, start + BLOCK);
      extent = widen(extent, this.#look(block));
      if (!covers(this.#extent, extent)) {
        this.#reach(this.#lookAhead(values.subarray(start + BLOCK), extent));
        this.#kernel.survey(block);
      }
      this.#kernel.count(this.#table, block.length);
      this.#counted += block.length;
      this.#seen += block.length;
      if (this.#counted > FOLD_AFTER) this.#fold();
    }
    return extent;
  }

  counts(): Counts {
    const octaves: Octave[] = [];
    for (const page of PAGES_IN_ORDER) {
      if (this.#bits[page] === NO_CELLS) continue;
      const counts = this.#read(page);
      if (!counts) continue;
      if (page % NEGATIVE === 0) {
        counts[0] = (counts[0] as number) - (page === NEGATIVE ? this.#negativeZeros : this.#positiveZeros);
        if (counts.every((count) => count === 0)) continue;
      }
      octaves.push({
        negative: page >= NEGATIVE,
        exponent: page % NEGATIVE,
        bits: this.#bits[page] as number,
        counts,
      });
    }
    return {
      finite: this.#seen - this.#nan - this.#positiveInfinity - this.#negativeInfinity,
      zeros: this.#positiveZeros + this.#negativeZeros,
      nan: this.#nan,
      positiveInfinity: this.#positiveInfinity,
      negativeInfinity: this.#negativeInfinity,
      octaves,
    };
  }

  #look(block: Float32Array): Extent {
    const found = this.#kernel.survey(block);
    this.#positiveZeros += found.positiveZeros;
    this.#negativeZeros += found.negativeZeros;
    if (isAllFinite(found)) return finiteExtent(found);
    const sifted = this.#kernel.sift(block.length);
    this.#nan += sifted.nan;
    this.#negativeInfinity += sifted.negativeInfinity;
    this.#positiveInfinity += sifted.positiveInfinity;
    return extentOf(sifted);
  }

  /** How far values to come extend, and `extent`: rearranging cells once is cheaper than block by block. */
  #lookAhead(values: Float32Array, extent: Extent): Extent {
    let all = extent;
    for (let start = 0; start < values.length; start += BLOCK) {
      const block = values.subarray(start, start + BLOCK);
      const found = this.#kernel.survey(block);
      all = widen(all, isAllFinite(found) ? finiteExtent(found) : extentOf(this.#kernel.sift(block.length)));
    }
    return all;
  }

  /** Sees to it that all that lies within an extent has cells. */
  #reach(extent: Extent): void {
    const wider = widen(this.#extent, extent);
    this.#extent = wider;
    const bits = tallyBits(wider, this.#clamps);
    if (bits.every((some, page) => some === this.#bits[page])) return;
    this.#fold();
    this.#bits = bits;
    this.#arrange();
  }

  /** Gives each page its cells and tells the kernel. Zeros of the second lane have cells apart; see the kernel. */
  #arrange(): void {
    const size = CELLS + 1 + cellsOf(this.#bits) + cellsOf(this.#bits.subarray(0, 1));
    if (size > this.#capacity) {
      this.#capacity = size + SLACK;
      this.#table = this.#kernel.allocate(this.#capacity);
    }
    const { words } = this.#kernel;
    let next = 1;
    const place = (page: number): number => {
      const bits = this.#bits[page] as number;
      if (bits === NO_CELLS) return entryOf(page, 0, 0);
      const first = next;
      next += 2 ** bits;
      return entryOf(page, bits, first);
    };
    const table = this.#table;
    words[table + LANE] = place(POSITIVE_SUBNORMALS);
    for (let page = 0; page < PAGES; page++) {
      this.#firsts[page] = next;
      const entry = place(page);
      words[table + page] = entry;
      if (page !== POSITIVE_SUBNORMALS) words[table + LANE + page] = entry;
    }
    this.#cells = next;
  }

  /** The counts of a page, with those of its cells, at its present resolution; null where there are none. */
  #read(page: number): Float64Array | null {
    const bits = this.#bits[page] as number;
    const { words } = this.#kernel;
    const cells = this.#table + CELLS;
    const lanes = [cells + (this.#firsts[page] as number)];
    if (page === POSITIVE_SUBNORMALS) lanes.push(cells + SECOND_ZEROS);
    const folded = this.#folded.get(page);
    if (!folded && !lanes.some((first) => isUsed(words, first, 2 ** bits))) return null;
    const counts = folded ? coarsen(folded, bits) : new Float64Array(2 ** bits);
    for (const first of lanes) addCells(counts, words, first);
    return counts;
  }

  /** Takes all counts out of the cells. */
  #fold(): void {
    if (this.#counted === 0) return;
    for (let page = 0; page < PAGES; page++) {
      if (this.#bits[page] === NO_CELLS) continue;
      const counts = this.#read(page);
      if (counts) this.#folded.set(page, counts);
    }
    const cells = this.#table + CELLS;
    this.#kernel.words.fill(0, cells, cells + this.#cells);
    this.#counted = 0;
  }
}

function isAllFinite({ low, high, hasNaN }: Survey): boolean {
  return low > -Infinity && high < Infinity && !hasNaN;
}

function finiteExtent({ low, high }: Survey): Extent {
  return { low: low + 0, high: high + 0, negativeInfinity: false, positiveInfinity: false };
}

function extentOf({ low, high, negativeInfinity, positiveInfinity }: Sift): Extent {
  return {
    low: low + 0,
    high: high + 0,
    negativeInfinity: negativeInfinity > 0,
    positiveInfinity: positiveInfinity > 0,
  };
}

/** Whether nothing in `extent` lies outside `known`. */
function covers(known: Extent, extent: Extent): boolean {
  return (
    known.low <= extent.low &&
    known.high >= extent.high &&
    (known.negativeInfinity || !extent.negativeInfinity) &&
    (known.positiveInfinity || !extent.positiveInfinity)
  );
}

/** What the kernel takes: the cell of a word of this page is base + (word >> shift), the entry 32 * base + shift. */
function entryOf(page: number, bits: number, first: number): number {
  return (first - page * 2 ** bits) * 32 + (MANTISSA_BITS - bits);
}

function cellsOf(bits: Int8Array): number {
  return bits.reduce((sum, some) => (some === NO_CELLS ? sum : sum + 2 ** some), 0);
}

function isUsed(words: Uint32Array, first: number, size: number): boolean {
  for (let at = first; at < first + size; at++) if (words[at] !== 0) return true;
  return false;
}

function addCells(counts: Float64Array, words: Uint32Array, first: number): void {
  for (let k = 0; k < counts.length; k++) counts[k] = (counts[k] as number) + (words[first + k] as number);
}
