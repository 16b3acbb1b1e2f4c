import { randomBelow } from "../../src/engine/data/random.ts";

/** What decides how one input is made, and nothing else does. */
export interface Chance {
  /** A whole number of 0 to `bound` - 1. */
  below(bound: number): number;
  pick<T>(list: readonly T[]): T;
  /** True in so many of 100 cases. */
  percent(share: number): boolean;
}

/** The chance of the input of this number under a seed: another for each number. */
export function chanceOf(seed: number, index: number): Chance {
  const below = randomBelow((Math.imul(index, 0x9e3779b1) ^ Math.imul(seed, 0x85ebca6b)) >>> 0);
  return {
    below,
    pick: (list) => list[below(list.length)]!,
    percent: (share) => below(100) < share,
  };
}
