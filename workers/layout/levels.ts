import type { Edge } from "./ranks.ts";

/** Something on a level of a layered drawing: a box, or the place where an edge crosses the level. */
export interface Stop {
  x: number;
  /** Half its width; 0 for an edge. */
  readonly half: number;
  readonly level: number;
  /** From the left on its level. */
  place: number;
  /** What it is linked with on the level above and on the one below. */
  readonly up: Stop[];
  readonly down: Stop[];
}

export interface Levels {
  /** From the top, each from left to right. */
  readonly levels: readonly Stop[][];
  /** The stop of each box. */
  readonly boxes: readonly Stop[];
  /** Where each edge crosses levels between its boxes, from above; null for one that takes the lane of its upper box. */
  readonly crossings: readonly (readonly Stop[] | null)[];
  /** The box that each lane leads down from, and the last level that it crosses. */
  readonly lanes: readonly { readonly box: number; readonly lowest: number }[];
}

/** A way over more levels than this is a lane beside all boxes instead of one between them. */
const LONG = 24;

/**
 * Boxes on their levels, in graph order, and where edges cross the levels between. Edges from one box share one way
 * down, which they leave where they are read.
 */
export function levelsOf(ranks: readonly number[], edges: readonly Edge[], half: number): Levels {
  const depth = ranks.reduce((most, rank) => Math.max(most, rank + 1), 0);
  const levels: Stop[][] = Array.from({ length: depth }, () => []);
  const put = (level: number, half: number): Stop => {
    const stop: Stop = { x: 0, half, level, place: levels[level]!.length, up: [], down: [] };
    levels[level]!.push(stop);
    return stop;
  };
  const boxes = ranks.map((rank) => put(rank, half));
  const lowest = [...ranks];
  for (const [from, to] of edges) lowest[from] = Math.max(lowest[from]!, ranks[to]! - 1);
  const isLane = (box: number) => lowest[box]! - ranks[box]! > LONG;
  const ways = boxes.map((stop, box): readonly Stop[] => {
    if (isLane(box)) return [];
    const way = Array.from({ length: lowest[box]! - ranks[box]! }, (_, step) => put(ranks[box]! + 1 + step, 0));
    way.forEach((crossing, step) => {
      link(way[step - 1] ?? stop, crossing);
    });
    return way;
  });
  const crossings = edges.map(([from, to]) => {
    const between = ranks[to]! - ranks[from]! - 1;
    if (between > 0 && isLane(from)) return null;
    const own = ways[from]!.slice(0, between);
    link(own.at(-1) ?? boxes[from]!, boxes[to]!);
    return own;
  });
  const lanes = lowest.flatMap((lowest, box) => (isLane(box) ? [{ box, lowest }] : []));
  return { levels, boxes, crossings, lanes };
}

function link(above: Stop, below: Stop): void {
  above.down.push(below);
  below.up.push(above);
}
