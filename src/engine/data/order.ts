import { classFolders } from "./folders.ts";
import { randomBelow, shuffle } from "./random.ts";

/** The samples of a file, which follow those of the files before it. */
interface Listed {
  readonly path: string;
  readonly count: number;
}

/**
 * In which order samples are taken: a permutation of all of them, by a seed and the sorted files alone, that takes of each class
 * folder in turn, so that the first so many hold as many of each, one more or less, for as long as all last. What is shuffled is
 * a sample: where a state is carried from one to the next, a sample has to be a whole sequence.
 */
export function sampleOrder(files: readonly Listed[], seed: number): Uint32Array {
  const below = randomBelow(seed);
  const { members, ends } = byStratum(files);
  const next = Uint32Array.from(ends, (_, stratum) => ends[stratum - 1] ?? 0);
  for (const [stratum, end] of ends.entries()) shuffle(members, next[stratum]!, end, below);
  const order = new Uint32Array(members.length);
  const lasts = (stratum: number) => next[stratum]! < ends[stratum]!;
  let left = Uint32Array.from(ends.keys()).filter(lasts);
  let taken = 0;
  while (left.length > 1) {
    shuffle(left, 0, left.length, below);
    for (const stratum of left) order[taken++] = members[next[stratum]!++]!;
    if (!left.every(lasts)) left = left.filter(lasts);
  }
  for (const stratum of left) order.set(members.subarray(next[stratum], ends[stratum]), taken);
  return order;
}

/** Sample indices by class folder, those of a folder in their order, and where each folder's end. */
function byStratum(files: readonly Listed[]): { readonly members: Uint32Array; readonly ends: Uint32Array } {
  const known = new Map<string | null, number>();
  const strata = classFolders(files.map(({ path }) => path)).map((folder) => {
    const stratum = known.get(folder) ?? known.size;
    known.set(folder, stratum);
    return stratum;
  });
  const ends = new Uint32Array(known.size);
  for (const [i, { count }] of files.entries()) ends[strata[i]!]! += count;
  for (let stratum = 1; stratum < ends.length; stratum++) ends[stratum]! += ends[stratum - 1]!;
  const members = new Uint32Array(ends.at(-1) ?? 0);
  const at = Uint32Array.from(ends, (_, stratum) => ends[stratum - 1] ?? 0);
  let sample = 0;
  for (const [i, { count }] of files.entries()) {
    for (let row = 0; row < count; row++) members[at[strata[i]!]!++] = sample++;
  }
  return { members, ends };
}
