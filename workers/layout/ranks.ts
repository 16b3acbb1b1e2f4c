export type Edge = readonly [from: number, to: number];

const ROUNDS = 8;

/**
 * The level of each box, from 0 at the top: below all that it reads. Longest paths first (Sugiyama et al. 1981); then
 * boxes move between what they read and what reads them while that shortens the edges. Throws where edges go round.
 */
export function ranksOf(boxes: number, edges: readonly Edge[]): readonly number[] {
  const makers: number[][] = Array.from({ length: boxes }, () => []);
  const readers: number[][] = Array.from({ length: boxes }, () => []);
  for (const [from, to] of edges) {
    makers[to]!.push(from);
    readers[from]!.push(to);
  }
  const order = sorted(makers, readers);
  if (order.length < boxes) throw new Error("what it reads comes round to itself, so there is no top and bottom");
  const ranks: number[] = Array.from({ length: boxes }, () => 0);
  const above = (box: number) => makers[box]!.reduce((most, maker) => Math.max(most, ranks[maker]! + 1), 0);
  const below = (box: number) => readers[box]!.reduce((least, reader) => Math.min(least, ranks[reader]! - 1), Infinity);
  for (const box of order) ranks[box] = above(box);
  for (let round = 0, moved = true; moved && round < ROUNDS; round++) {
    moved = false;
    const moves = (box: number, rank: number) => {
      moved ||= rank !== ranks[box];
      ranks[box] = rank;
    };
    for (const box of [...order].reverse()) {
      const isPulledDown = readers[box]!.length > 0 && readers[box]!.length >= makers[box]!.length;
      if (isPulledDown) moves(box, below(box));
    }
    for (const box of order) if (makers[box]!.length > readers[box]!.length) moves(box, above(box));
  }
  const top = ranks.reduce((least, rank) => Math.min(least, rank), Infinity);
  return ranks.map((rank) => rank - top);
}

/** Boxes after all that they read, in the order of their numbers where that leaves a choice; those in a circle are missing. */
function sorted(makers: readonly (readonly number[])[], readers: readonly (readonly number[])[]): readonly number[] {
  const waits = makers.map(({ length }) => length);
  const order = waits.flatMap((wait, box) => (wait === 0 ? [box] : []));
  for (let next = 0; next < order.length; next++) {
    for (const reader of readers[order[next]!]!) if (--waits[reader]! === 0) order.push(reader);
  }
  return order;
}
