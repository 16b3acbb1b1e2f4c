import type { Levels } from "./levels.ts";

const BETWEEN_LANES = 10;
const BESIDE_BOXES = 18;

/** Where each lane runs, by its box: a vertical line to the right of all that stands on its levels, short lanes inside. */
export function lanesOf({ levels, boxes, lanes }: Levels): ReadonlyMap<number, number> {
  const free = levels.map((level) => {
    const last = level.at(-1);
    return last ? last.x + last.half + BESIDE_BOXES : -Infinity;
  });
  const length = ({ box, lowest }: Levels["lanes"][number]) => lowest - boxes[box]!.level;
  const places = new Map<number, number>();
  for (const lane of [...lanes].sort((a, b) => length(a) - length(b) || a.box - b.box)) {
    const first = boxes[lane.box]!.level + 1;
    let x = -Infinity;
    for (let level = first; level <= lane.lowest; level++) x = Math.max(x, free[level]!);
    for (let level = first; level <= lane.lowest; level++) free[level] = x + BETWEEN_LANES;
    places.set(lane.box, x);
  }
  return places;
}
