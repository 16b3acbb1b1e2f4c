/** Something on a level of a layered drawing: a box, or the place where an edge crosses the level. */
export interface Placed {
  x: number;
  /** Half its width; 0 for an edge. */
  readonly half: number;
}

export interface Link {
  readonly a: Placed;
  readonly b: Placed;
}

const BETWEEN_BOXES = 18;
const BETWEEN_EDGES = 10;
const MEAN_ROUNDS = 24;
const MEDIAN_ROUNDS = 6;

/**
 * Moves what stands on each level sideways, its order kept and nothing overlapping, so that links become short and
 * straight: each level in turn takes the best places for where its neighbours stand, by isotonic regression, in
 * rounds down and up (the priority method of Sugiyama et al. 1981, with an exact step). Squared distances bring
 * things near, absolute ones at the end make lines straight. Links through edges weigh more than those at boxes
 * (Gansner et al. 1993). Coordinates are changed in place.
 */
export function straighten(levels: readonly (readonly Placed[])[], links: readonly Link[]): void {
  const pulls = new Map<Placed, { readonly other: Placed; readonly weight: number }[]>();
  for (const { a, b } of links) {
    const weight = a.half === 0 && b.half === 0 ? 8 : a.half === 0 || b.half === 0 ? 2 : 1;
    pulls.set(a, [...(pulls.get(a) ?? []), { other: b, weight }]);
    pulls.set(b, [...(pulls.get(b) ?? []), { other: a, weight }]);
  }
  for (const level of levels) {
    const places = offsetsOf(level);
    const middle = (places.at(-1) ?? 0) / 2;
    level.forEach((item, index) => {
      item.x = places[index]! - middle;
    });
  }
  const upwards = [...levels].reverse();
  for (let round = 0; round < MEAN_ROUNDS + MEDIAN_ROUNDS; round++) {
    const passed = new Set<Placed>();
    const straightens = round >= MEAN_ROUNDS;
    for (const level of round % 2 === 0 ? levels : upwards) {
      const wishes = level.map((item) =>
        (pulls.get(item) ?? []).map(({ other, weight }) => ({ at: other.x, weight, settled: passed.has(other) })),
      );
      settle(level, wishes, straightens ? median : mean);
      for (const item of level) passed.add(item);
    }
  }
}

interface Wish {
  readonly at: number;
  readonly weight: number;
  /** Whether it is that of a neighbour that this round has been to; of no account in a block of several. */
  readonly settled: boolean;
}

/** Distance of each item from the first when all stand as close as they may. */
function offsetsOf(level: readonly Placed[]): readonly number[] {
  let at = 0;
  return level.map((item, index) => {
    const before = level[index - 1];
    if (before) at += before.half + item.half + (before.half === 0 && item.half === 0 ? BETWEEN_EDGES : BETWEEN_BOXES);
    return at;
  });
}

/** Pool adjacent violators: items that would come too close are moved as one block. */
function settle(level: readonly Placed[], wishes: readonly (readonly Wish[])[], central: typeof mean): void {
  const offsets = offsetsOf(level);
  const blocks: { readonly size: number; readonly wishes: readonly Wish[]; readonly at: number }[] = [];
  level.forEach((item, index) => {
    const offset = offsets[index]!;
    const own = wishes[index]!;
    const wanted = own.length > 0 ? own : [{ at: item.x, weight: 1e-3, settled: false }];
    let block = { size: 1, wishes: wanted.map((wish) => ({ ...wish, at: wish.at - offset })), at: 0 };
    block.at = central(block.wishes);
    for (let last = blocks.at(-1); last && last.at > block.at; last = blocks.at(-1)) {
      blocks.pop();
      const joined = [...last.wishes, ...block.wishes].map((wish) => ({ ...wish, settled: false }));
      block = { size: last.size + block.size, wishes: joined, at: central(joined) };
    }
    blocks.push(block);
  });
  let index = 0;
  for (const { size, at } of blocks) {
    for (const end = index + size; index < end; index++) level[index]!.x = at + offsets[index]!;
  }
}

function mean(wishes: readonly Wish[]): number {
  let total = 0;
  let sum = 0;
  for (const { at, weight } of wishes) {
    total += weight;
    sum += weight * at;
  }
  return sum / total;
}

/** The weighted median; where an interval is as good, its settled end, which makes lines straight, else its middle. */
function median(wishes: readonly Wish[]): number {
  const sorted = [...wishes].sort((a, b) => a.at - b.at);
  const half = sorted.reduce((sum, { weight }) => sum + weight, 0) / 2;
  let below = 0;
  for (const [index, wish] of sorted.entries()) {
    below += wish.weight;
    const next = sorted[index + 1];
    if (below > half || !next) return wish.at;
    if (below < half) continue;
    return wish.settled === next.settled ? (wish.at + next.at) / 2 : wish.settled ? wish.at : next.at;
  }
  return 0;
}
