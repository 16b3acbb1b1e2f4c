import type { Levels, Stop } from "./levels.ts";

const SWEEPS = 24;
/** Sweeps without fewer crossings after which there will be none. */
const PATIENCE = 4;
/** Up to here neighbours are also tried the other way round, one pair after the other. */
const SMALL = 2_000;
const TRIES = 4;

/**
 * Orders what stands on each level so that few edges cross: barycentres of the level before, in sweeps down and up
 * (Sugiyama et al. 1981), and in small drawings pairs of neighbours (Gansner et al. 1993). The order is that of the sweep with the fewest crossings.
 */
export function order({ levels, boxes }: Pick<Levels, "levels" | "boxes">): void {
  walked(levels, boxes);
  let fewest = crossingsOf(levels);
  let best = levels.map((level) => [...level]);
  const stops = levels.reduce((sum, level) => sum + level.length, 0);
  const upwards = [...levels].reverse();
  for (let sweep = 0, since = 0; fewest > 0 && since < PATIENCE && sweep < SWEEPS; sweep++, since++) {
    const isDown = sweep % 2 === 0;
    for (const level of isDown ? levels : upwards) sortLevel(level, isDown ? "up" : "down", sweep % 4 > 1);
    const crossings = crossingsOf(levels);
    if (crossings >= fewest) continue;
    fewest = crossings;
    best = levels.map((level) => [...level]);
    since = 0;
  }
  levels.forEach((level, index) => {
    level.splice(0, level.length, ...best[index]!);
    number(level);
  });
  if (stops <= SMALL) for (let round = 0; fewest > 0 && round < TRIES && turned(levels); round++);
}

/** The order of a walk from the boxes at the top, depth first: what belongs together stands together. */
function walked(levels: readonly Stop[][], boxes: readonly Stop[]): void {
  for (const level of levels) level.length = 0;
  const seen = new Set<Stop>();
  for (const box of boxes) {
    if (box.up.length > 0) continue;
    const waiting = [box];
    for (let stop = waiting.pop(); stop; stop = waiting.pop()) {
      if (seen.has(stop)) continue;
      seen.add(stop);
      levels[stop.level]!.push(stop);
      for (let next = stop.down.length - 1; next >= 0; next--) waiting.push(stop.down[next]!);
    }
  }
  for (const level of levels) number(level);
}

function number(level: readonly Stop[]): void {
  level.forEach((stop, place) => {
    stop.place = place;
  });
}

/** Sorts by where neighbours stand; what has none keeps its place, and equals are turned round where asked. */
function sortLevel(level: Stop[], side: "up" | "down", turnsEquals: boolean): void {
  const keys = new Map<Stop, number>();
  for (const stop of level) {
    const others = stop[side];
    if (others.length > 0) keys.set(stop, others.reduce((sum, { place }) => sum + place, 0) / others.length);
  }
  const turn = turnsEquals ? -1 : 1;
  const moving = level.filter((stop) => keys.has(stop));
  moving.sort((a, b) => keys.get(a)! - keys.get(b)! || turn * (a.place - b.place));
  let next = 0;
  level.forEach((stop, place) => {
    const taken = keys.has(stop) ? moving[next++]! : stop;
    level[place] = taken;
  });
  number(level);
}

/** How many pairs of links cross (Barth, Jünger and Mutzel 2002: inversions, counted with a tree of sums). */
export function crossingsOf(levels: readonly (readonly Stop[])[]): number {
  let crossings = 0;
  levels.forEach((level, index) => {
    const width = levels[index + 1]?.length ?? 0;
    const sums = new Int32Array(width + 1);
    let counted = 0;
    for (const stop of level) {
      const places = stop.down.map(({ place }) => place).sort((a, b) => a - b);
      for (const place of places) {
        let before = 0;
        for (let at = place + 1; at > 0; at -= at & -at) before += sums[at]!;
        crossings += counted - before;
      }
      for (const place of places) for (let at = place + 1; at <= width; at += at & -at) sums[at]!++;
      counted += places.length;
    }
  });
  return crossings;
}

/** Turns neighbours round wherever fewer links cross then; whether any were. */
function turned(levels: readonly Stop[][]): boolean {
  let any = false;
  for (const level of levels) {
    for (let place = 1; place < level.length; place++) {
      const [left, right] = [level[place - 1]!, level[place]!];
      if (gain(left, right, "up") + gain(left, right, "down") <= 0) continue;
      level[place - 1] = right;
      level[place] = left;
      left.place = place;
      right.place = place - 1;
      any = true;
    }
  }
  return any;
}

/** How many crossings fewer there are on one side when the right of two neighbours stands on the left. */
function gain(left: Stop, right: Stop, side: "up" | "down"): number {
  let gain = 0;
  for (const { place: a } of left[side]) for (const { place: b } of right[side]) gain += Math.sign(a - b);
  return gain;
}
