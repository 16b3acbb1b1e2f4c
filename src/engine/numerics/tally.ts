/** A float32's top 21 bits: sign, exponent and 12 of its mantissa. */
const TALLY_SHIFT = 11;
const TALLY_CELLS = 1 << 21;
export const TALLY_MANTISSA_BITS = 12;

/** Above this many words, looking through the octaves costs less than looking each word up again. */
const FEW_WORDS = 1 << 17;

const MAGNITUDE = 0x7fffffff;
const GREATEST_ORDINAL = 0x7fffffff;

/** A float32's bits as an integer that orders as the float does. */
export const ordinalOf = (word: number) => word ^ ((word >> 31) & MAGNITUDE);

/** The cell that counts a word. */
export const tallyCellOf = (word: number) => word >>> TALLY_SHIFT;

/** One table for every tally: a count is taken out of it before the next begins. */
const table = new Uint32Array(TALLY_CELLS);

export interface Tally {
  /** Ordinals of the least and the greatest word, NaN and infinities included. */
  readonly lowest: number;
  readonly highest: number;
  readonly zeros: number;
}

/**
 * Counts the words of float32 values by their top bits, in one pass. The counts stay in the shared table until
 * `takeCount` or `takeAll` has them out.
 */
export function tally(words: Int32Array): Tally {
  let lowest = GREATEST_ORDINAL;
  let highest = ~GREATEST_ORDINAL;
  let zeros = 0;
  for (let i = 0; i < words.length; i++) {
    const word = words[i] as number;
    const cell = tallyCellOf(word);
    table[cell] = (table[cell] as number) + 1;
    zeros += Number((word & MAGNITUDE) === 0);
    const ordinal = ordinalOf(word);
    if (ordinal < lowest) lowest = ordinal;
    if (ordinal > highest) highest = ordinal;
  }
  return { lowest, highest, zeros };
}

/** The count of one cell, which is zero afterwards. */
export function takeCount(cell: number): number {
  const count = table[cell] as number;
  table[cell] = 0;
  return count;
}

/** Takes every count left out of the table; `left` is their sum. Octaves come from the largest down, or as the words do. */
export function takeAll(words: Int32Array, left: number, visit: (cell: number, count: number) => void): void {
  if (words.length < FEW_WORDS) {
    for (const word of words) {
      const cell = tallyCellOf(word);
      const count = takeCount(cell);
      if (count > 0) visit(cell, count);
    }
    return;
  }
  const octave = 1 << TALLY_MANTISSA_BITS;
  const negative = TALLY_CELLS >> 1;
  let remaining = left;
  for (let start = negative - octave; start >= 0 && remaining > 0; start -= octave) {
    for (const first of [start, start + negative]) {
      for (let cell = first; cell < first + octave; cell++) {
        const count = table[cell] as number;
        if (count === 0) continue;
        table[cell] = 0;
        remaining -= count;
        visit(cell, count);
      }
    }
  }
}
