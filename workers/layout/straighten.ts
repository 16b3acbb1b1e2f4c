import type { Stop } from "./levels.ts";

const BETWEEN_BOXES = 18;
const BETWEEN_EDGES = 10;
const MEAN_ROUNDS = 24;
const MEDIAN_ROUNDS = 6;
/** A block of more items than this takes the mean in every round: its median would be sorted out anew with each. */
const MEDIAN_BLOCK = 64;

/**
 * Moves what stands on each level sideways, its order kept and nothing overlapping, so that links become short and
 * straight: each level in turn takes the best places for where its neighbours stand, by isotonic regression, in
 * rounds down and up (the priority method of Sugiyama et al. 1981, with an exact step). Squared distances bring
 * things near, absolute ones at the end make lines straight. Links through edges weigh more than those at boxes
 * (Gansner et al. 1993). Coordinates are changed in place.
 */
export function straighten(levels: readonly (readonly Stop[])[]): void {
  for (const level of levels) {
    const places = offsetsOf(level);
    const middle = (places.at(-1) ?? 0) / 2;
    level.forEach((item, index) => {
      item.x = places[index]! - middle;
    });
  }
  const offsets = levels.map(offsetsOf);
  const depth = levels.length;
  for (let round = 0; round < MEAN_ROUNDS + MEDIAN_ROUNDS; round++) {
    const isDown = round % 2 === 0;
    for (let step = 0; step < depth; step++) {
      const level = isDown ? step : depth - 1 - step;
      settle(levels[level]!, offsets[level]!, isDown ? "up" : "down", round >= MEAN_ROUNDS);
    }
  }
}

interface Wish {
  at: number;
  readonly weight: number;
  /** Whether it is that of a neighbour that this round has been to; of no account in a block of several. */
  settled: boolean;
}

/** Items that move together: where they would be best, and what that follows from. */
interface Block {
  readonly size: number;
  readonly weight: number;
  readonly sum: number;
  /** Null where the mean is taken. */
  readonly wishes: Wish[] | null;
  readonly at: number;
}

/** Distance of each item from the first when all stand as close as they may. */
function offsetsOf(level: readonly Stop[]): readonly number[] {
  let at = 0;
  return level.map((item, index) => {
    const before = level[index - 1];
    if (before) at += before.half + item.half + (before.half === 0 && item.half === 0 ? BETWEEN_EDGES : BETWEEN_BOXES);
    return at;
  });
}

/** Pool adjacent violators: items that would come too close are moved as one block. */
function settle(
  level: readonly Stop[],
  offsets: readonly number[],
  settledSide: "up" | "down",
  straightens: boolean,
): void {
  const blocks: Block[] = [];
  level.forEach((item, index) => {
    let block = alone(item, offsets[index]!, settledSide, straightens);
    for (let last = blocks.at(-1); last && last.at > block.at; last = blocks.at(-1)) {
      blocks.pop();
      block = joined(last, block);
    }
    blocks.push(block);
  });
  let index = 0;
  for (const { size, at } of blocks) {
    for (const end = index + size; index < end; index++) level[index]!.x = at + offsets[index]!;
  }
}

function alone(item: Stop, offset: number, settledSide: "up" | "down", straightens: boolean): Block {
  let weight = 0;
  let sum = 0;
  const wishes: Wish[] | null = straightens ? [] : null;
  for (const side of ["up", "down"] as const) {
    for (const other of item[side]) {
      const pull = pullOf(item, other);
      weight += pull;
      sum += pull * (other.x - offset);
      wishes?.push({ at: other.x - offset, weight: pull, settled: side === settledSide });
    }
  }
  if (weight === 0) {
    weight = 1e-3;
    sum = weight * (item.x - offset);
    wishes?.push({ at: item.x - offset, weight, settled: false });
  }
  return { size: 1, weight, sum, wishes, at: wishes ? median(wishes) : sum / weight };
}

/** How much two neighbours draw each other: what has no other, such as a constant made at its reader, follows and moves nothing. */
function pullOf(item: Stop, other: Stop): number {
  if (isEnd(item) || isEnd(other)) return 0.001;
  if (item.half === 0 && other.half === 0) return 8;
  return item.half === 0 || other.half === 0 ? 2 : 1;
}

function isEnd({ up, down }: Stop): boolean {
  return up.length + down.length === 1;
}

function joined(a: Block, b: Block): Block {
  const size = a.size + b.size;
  const weight = a.weight + b.weight;
  const sum = a.sum + b.sum;
  const wishes = a.wishes && b.wishes && size <= MEDIAN_BLOCK ? [...a.wishes, ...b.wishes] : null;
  for (const wish of wishes ?? []) wish.settled = false;
  return { size, weight, sum, wishes, at: wishes ? median(wishes) : sum / weight };
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
