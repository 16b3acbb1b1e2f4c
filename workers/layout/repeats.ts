/** As many blocks as one repeated structure is cut into; where it repeats more often, a block holds several. */
const MOST_BLOCKS = 32;
/** A block of fewer nodes hides nothing. */
const LEAST = 4;

/** Nodes `from`..`to`, `to` not among them, that are the `which`-th of `of` alike, counted from 1. */
export interface Repeat {
  readonly from: number;
  readonly to: number;
  readonly which: number;
  readonly of: number;
}

/**
 * Where the same run of labels comes several times in a row: the longest such stretch, then those before and behind it.
 * `reads` are the positions that each position reads, all before it; stretches are cut where the fewest of those reach across. A label of
 * null is like no other. Time grows with the square of the length.
 */
export function repeatsOf(
  labels: readonly (string | null)[],
  reads: readonly (readonly number[])[],
): readonly Repeat[] {
  const across = reachAcross(reads);
  const found: Repeat[] = [];
  const waiting: [from: number, to: number][] = [[0, labels.length]];
  for (let part = waiting.pop(); part; part = waiting.pop()) {
    const stretch = longestStretch(labels, ...part);
    if (!stretch) continue;
    const repeats = cut(stretch, across);
    found.push(...repeats);
    waiting.push([part[0], repeats[0]!.from], [repeats.at(-1)!.to, part[1]]);
  }
  return found.sort((a, b) => a.from - b.from);
}

interface Stretch {
  readonly from: number;
  readonly to: number;
  readonly period: number;
}

/** The longest run of positions that repeats with some period at least twice; of several the one of the shortest period. */
function longestStretch(labels: readonly (string | null)[], from: number, to: number): Stretch | null {
  let best: Stretch | null = null;
  const length = ({ from, to }: Stretch) => to - from;
  for (let period = 1; 2 * period <= to - from; period++) {
    let start = from;
    for (let at = from; at + period <= to; at++) {
      const same = at + period < to && labels[at] !== null && labels[at] === labels[at + period];
      if (same) continue;
      const stretch = { from: start, to: at + period, period };
      const isRepeat = length(stretch) >= 2 * Math.max(period, LEAST);
      if (isRepeat && (best === null || length(stretch) > length(best))) best = stretch;
      start = at + 1;
    }
  }
  return best;
}

/** A stretch as blocks, from the phase at which the fewest reach across their borders. */
function cut({ from, to, period }: Stretch, across: readonly number[]): readonly Repeat[] {
  const times = Math.floor((to - from) / period);
  const several = Math.max(Math.ceil(times / MOST_BLOCKS), Math.ceil(LEAST / period));
  const size = period * several;
  let best = { start: from, cost: Infinity };
  for (let start = from; start < from + period && start + 2 * size <= to; start++) {
    let cost = 0;
    let borders = 0;
    for (let at = start; at <= to; at += size, borders++) cost += across[at]!;
    if (cost / borders < best.cost) best = { start, cost: cost / borders };
  }
  const of = Math.floor((to - best.start) / size);
  return Array.from({ length: of }, (_, index) => ({
    from: best.start + index * size,
    to: best.start + (index + 1) * size,
    which: index + 1,
    of,
  }));
}

/** Before each position, and after the last, from how many earlier positions something is still read. */
function reachAcross(reads: readonly (readonly number[])[]): readonly number[] {
  const last = reads.map((_, position) => position);
  reads.forEach((makers, reader) => {
    for (const maker of makers) last[maker] = Math.max(last[maker]!, reader);
  });
  const changes = new Array<number>(reads.length + 2).fill(0);
  last.forEach((reader, maker) => {
    changes[maker + 1]!++;
    changes[reader + 1]!--;
  });
  let across = 0;
  return changes.slice(0, -1).map((change) => {
    across += change;
    return across;
  });
}
