import type { GraphLayout, LayoutRequest, Point } from "../protocol.ts";
import { lanesOf } from "./lanes.ts";
import { type Levels, levelsOf } from "./levels.ts";
import { order } from "./order.ts";
import { ranksOf } from "./ranks.ts";
import { straighten } from "./straighten.ts";

const BETWEEN_LEVELS = 26;
const MARGIN = 12;

/**
 * Layers boxes top to bottom (Sugiyama, Tagawa and Toda 1981): levels, the order on each, places along it. Every edge
 * goes down, no two boxes overlap, and the same graph gives the same drawing. Nothing recurses, so that a chain of
 * thousands is as good as any. Throws where edges go round in a circle.
 */
export function layOut({ boxes, edges, box }: LayoutRequest): GraphLayout {
  const drawn = levelsOf(ranksOf(boxes, edges), edges, box.width / 2);
  order(drawn);
  straighten(drawn.levels);
  const lanes = lanesOf(drawn);

  const { left, right } = extentOf(drawn, lanes);
  const pitch = box.height + BETWEEN_LEVELS;
  const at = (x: number, level: number, down = 0): Point => ({
    x: x - left + MARGIN,
    y: MARGIN + box.height / 2 + level * pitch + down,
  });
  const bends = edges.map(([from, to], index): readonly Point[] => {
    const [above, below] = [drawn.boxes[from]!, drawn.boxes[to]!];
    const lane = lanes.get(from) ?? 0;
    const between = drawn.crossings[index]?.map(({ x, level }) => at(x, level)) ?? [
      at(lane, above.level + 1),
      at(lane, below.level - 1),
    ];
    return [at(above.x, above.level, box.height / 2), ...bending(between), at(below.x, below.level, -box.height / 2)];
  });
  return {
    width: right - left + 2 * MARGIN,
    height: drawn.levels.length * pitch - BETWEEN_LEVELS + 2 * MARGIN,
    centres: drawn.boxes.map(({ x, level }) => at(x, level)),
    bends,
  };
}

function extentOf({ levels }: Levels, lanes: ReadonlyMap<number, number>) {
  let [left, right] = [Infinity, -Infinity];
  for (const lane of lanes.values()) right = Math.max(right, lane);
  for (const level of levels) {
    const [first, last] = [level[0], level.at(-1)];
    if (first) left = Math.min(left, first.x - first.half);
    if (last) right = Math.max(right, last.x + last.half);
  }
  return { left, right };
}

/** Without the crossings that lie on the vertical line of the last one kept and of the next, and so bend nothing. */
function bending(crossings: readonly Point[]): readonly Point[] {
  const kept: Point[] = [];
  crossings.forEach((at, step) => {
    const [above, below] = [kept.at(-1), crossings[step + 1]];
    const isOnLine = above && below && Math.abs(above.x - at.x) < 1 && Math.abs(above.x - below.x) < 1;
    if (!isOnLine) kept.push(at);
  });
  return kept;
}
