import type { SampleFile } from "./arrange.ts";
import { type Column, countOf } from "./columns.ts";
import { sampleOrder } from "./order.ts";

/** What holds a row of a sample. */
export interface Cell {
  readonly file: SampleFile;
  /** Which of the file's samples. */
  readonly at: number;
}

/** Finds what holds a sample, of those of all files one after the other: nothing is kept of each, as there may be millions. */
export function cellFinder(files: readonly SampleFile[]): (sample: number) => Cell {
  let end = 0;
  const ends = files.map(({ count }) => {
    end += count;
    return end;
  });
  return (sample) => {
    let [low, high] = [0, files.length - 1];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (ends[middle]! > sample) high = middle;
      else low = middle + 1;
    }
    const file = files[low]!;
    return { file, at: sample - (ends[low]! - file.count) };
  };
}

interface Order {
  readonly order: Uint32Array;
  /** How many steps each sequence has, in this order; null where samples are no steps. */
  readonly sequences: readonly number[] | null;
}

/**
 * How many samples there are, and where in a column's listing the rows of each lie, by a seed of their order. What is shuffled
 * are rows; with `lengths` whole sequences of so many; and batches where not all inputs (`areAlike`) are put together of as many
 * rows, and no row of one belongs to one of another.
 */
export function listingsOf(lead: Column, areAlike: boolean, lengths: readonly number[] | null) {
  const known = new Map<number, Order>();
  const length = Math.floor(countOf(lead.files) / lead.rows);
  const orderOf = (seed: number): Order => {
    if (lengths) return sequenceOrder(lead.files, lengths, seed);
    return { order: sampleOrder(areAlike ? lead.files : [{ path: "", count: length }], seed), sequences: null };
  };
  return (seed: number | null) => {
    const settled = seed === null ? null : (known.get(seed) ?? orderOf(seed));
    if (settled) known.set(seed!, settled);
    const listed = (at: number) => settled?.order[at] ?? at;
    const rowsOf = ({ rows }: Column, index: number): number[] =>
      Array.from({ length: rows }, (_, row) => (areAlike ? listed(index * rows + row) : listed(index) * rows + row));
    return { length, rowsOf, sequences: settled ? settled.sequences : lengths };
  };
}

/** Sequences in the order of a seed, the steps of each in theirs. */
function sequenceOrder(files: readonly SampleFile[], lengths: readonly number[], seed: number): Order {
  const cellOf = cellFinder(files);
  const firsts: number[] = [];
  let total = 0;
  for (const steps of lengths) {
    firsts.push(total);
    total += steps;
  }
  const paths = firsts.map((first) => cellOf(first).file.path);
  const shuffled = sampleOrder(
    paths.map((path) => ({ path, count: 1 })),
    seed,
  );
  const order = new Uint32Array(total);
  let taken = 0;
  for (const sequence of shuffled) {
    for (let step = 0; step < lengths[sequence]!; step++) order[taken++] = firsts[sequence]! + step;
  }
  return { order, sequences: Array.from(shuffled, (sequence) => lengths[sequence]!) };
}
