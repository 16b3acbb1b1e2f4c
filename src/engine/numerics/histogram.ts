import type { Octave } from "../model/statistics.ts";
import { bitsAt, coarsen, EXPONENTS } from "./resolution.ts";
import { ordinalOf, TALLY_MANTISSA_BITS, takeAll, takeCount, tally, tallyCellOf } from "./tally.ts";

/** Pages are octaves by the float32's top nine bits, sign and exponent; subnormals have pages of their own, since a
 * number with exponent 0 is nearly always a zero. */
const POSITIVE_SUBNORMAL = 512;
const NEGATIVE_SUBNORMAL = 513;
const PAGES = 514;
const INFINITY = 0x7f800000;
const UNUSED = -1;

const MAGNITUDE = 0x7fffffff;
const MANTISSA = 0x7fffff;
const GREATEST_ORDINAL = 0x7fffffff;

const scratch = new Int32Array(1);
const scratchFloat = new Float32Array(scratch.buffer);

function floatAt(ordinal: number): number {
  scratch[0] = ordinalOf(ordinal);
  return (scratchFloat[0] as number) + 0;
}

const exponentOf = (page: number) => (page >= POSITIVE_SUBNORMAL ? 0 : page & 0xff);
const isNegative = (page: number) => (page >= POSITIVE_SUBNORMAL ? page === NEGATIVE_SUBNORMAL : page > 0xff);

function pageOf(negative: boolean, exponent: number): number {
  if (exponent === 0) return negative ? NEGATIVE_SUBNORMAL : POSITIVE_SUBNORMAL;
  return (negative ? 0x100 : 0) | exponent;
}

/** Octaves in the order of TensorStatistics: negative ones first, each sign by rising exponent. */
const PAGES_IN_ORDER = [true, false].flatMap((negative) =>
  Array.from({ length: EXPONENTS }, (_, exponent) => pageOf(negative, exponent)),
);

/**
 * Counts float32 values in bins made of their top bits: sign, exponent and the top mantissa bits, as many as
 * bitsAt gives. At most 283 KB with both signs, all octaves included.
 */
export class Histogram {
  nan = 0;
  positiveInfinity = 0;
  negativeInfinity = 0;
  /** Extremes of the finite values of the last call of `add`. */
  low = Infinity;
  high = -Infinity;

  #largest = UNUSED;
  /** Cell 0 counts the zeros; each octave seen has 2^bits cells from its offset. */
  #cells = new Float64Array(1);
  /** Of each page, its first cell * 32 + the mantissa bits to drop. */
  readonly #pages = new Int32Array(PAGES).fill(UNUSED);

  constructor() {
    this.#pages[0x000] = 23;
    this.#pages[0x100] = 23;
  }

  get zeros(): number {
    return this.#cells[0] as number;
  }

  addZeros(count: number): void {
    this.#cells[0] = this.zeros + count;
  }

  /** Counts `values` and sets `low` and `high`. */
  add(values: Float32Array): void {
    const words = new Int32Array(values.buffer, values.byteOffset, values.length);
    const { lowest, highest, zeros } = tally(words);
    this.low = floatAt(lowest);
    this.high = floatAt(highest);
    let left = words.length;
    if (!(this.low > -Infinity && this.high < Infinity)) left -= this.#takeNonFinite(words);
    left -= this.#takeZeros(words, zeros);
    takeAll(words, left, (cell, count) => this.#count(cell, count));
  }

  /** Adds what other histograms counted. Throws RangeError when an octave is coarser than bitsAt allows. */
  addOctaves(octaves: readonly Octave[]): void {
    const largestFirst = octaves.toSorted((a, b) => b.exponent - a.exponent);
    for (const octave of largestFirst) {
      const page = pageOf(octave.negative, octave.exponent);
      if (this.#pages[page] === UNUSED) this.#open(page);
      this.#addTo(page, octave);
    }
  }

  octaves(): Octave[] {
    const octaves: Octave[] = [];
    for (const page of PAGES_IN_ORDER) {
      if (this.#pages[page] === UNUSED) continue;
      const { offset, bits } = this.#placeOf(page);
      const counts = this.#cells.slice(offset, offset + 2 ** bits);
      octaves.push({ negative: isNegative(page), exponent: exponentOf(page), bits, counts });
    }
    return octaves;
  }

  #addTo(page: number, octave: Octave): void {
    const { offset, bits } = this.#placeOf(page);
    if (octave.bits < bits) {
      throw new RangeError(`Octave ${octave.exponent} keeps ${octave.bits} mantissa bits where ${bits} are needed.`);
    }
    coarsen(octave.counts, bits).forEach((count, k) => {
      this.#cells[offset + k] = (this.#cells[offset + k] as number) + count;
    });
  }

  #placeOf(page: number): { readonly offset: number; readonly bits: number } {
    const entry = this.#pages[page] as number;
    return { offset: entry >>> 5, bits: 23 - (entry & 31) };
  }

  #count(tallyCell: number, count: number): void {
    const top = tallyCell >>> TALLY_MANTISSA_BITS;
    const page = pageOf(top > 0xff, top & 0xff);
    if (this.#pages[page] === UNUSED) this.#open(page);
    const entry = this.#pages[page] as number;
    const mantissa = (tallyCell << (23 - TALLY_MANTISSA_BITS)) & MANTISSA;
    const cell = (entry >>> 5) + (mantissa >>> (entry & 31));
    this.#cells[cell] = (this.#cells[cell] as number) + count;
  }

  /** Takes NaN and infinities out of the tally, and sets the extremes of the rest. Returns how many there were. */
  #takeNonFinite(words: Int32Array): number {
    let lowest = GREATEST_ORDINAL;
    let highest = ~GREATEST_ORDINAL;
    let taken = 0;
    for (const word of words) {
      if ((word & INFINITY) !== INFINITY) {
        const ordinal = ordinalOf(word);
        if (ordinal < lowest) lowest = ordinal;
        if (ordinal > highest) highest = ordinal;
        continue;
      }
      taken++;
      takeCount(tallyCellOf(word));
      if ((word & MANTISSA) !== 0) this.nan++;
      else if (word >>> 31 === 0) this.positiveInfinity++;
      else this.negativeInfinity++;
    }
    const seen = lowest <= highest;
    this.low = seen ? floatAt(lowest) : Infinity;
    this.high = seen ? floatAt(highest) : -Infinity;
    return taken;
  }

  /** Takes zeros out of the tally, and the subnormals that share their cells. Returns how many values those held. */
  #takeZeros(words: Int32Array, zeros: number): number {
    this.addZeros(zeros);
    const cells = [tallyCellOf(0), tallyCellOf(1 << 31)] as const;
    const taken = takeCount(cells[0]) + takeCount(cells[1]);
    if (taken > zeros) {
      for (const word of words) {
        const cell = tallyCellOf(word);
        if ((word & MAGNITUDE) !== 0 && (cell === cells[0] || cell === cells[1])) this.#count(cell, 1);
      }
    }
    return taken;
  }

  /** Makes room for an octave; when it is the largest yet, the others coarsen to their new distance. */
  #open(page: number): void {
    const kept = exponentOf(page) > this.#largest ? this.octaves() : [];
    const start = kept.length > 0 ? 1 : this.#cells.length;
    this.#largest = Math.max(this.#largest, exponentOf(page));
    let length = start;
    const place = (at: number) => {
      const bits = bitsAt(this.#largest - exponentOf(at));
      this.#pages[at] = (length << 5) | (23 - bits);
      length += 2 ** bits;
    };
    for (const octave of kept) place(pageOf(octave.negative, octave.exponent));
    place(page);
    const cells = new Float64Array(length);
    cells.set(this.#cells.subarray(0, start));
    this.#cells = cells;
    for (const octave of kept) this.#addTo(pageOf(octave.negative, octave.exponent), octave);
  }
}
