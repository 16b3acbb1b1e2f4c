import { fnv1a } from "../values/hash.ts";
import { philox } from "./philox.ts";

/** Makes a whole number of so many steps; `at` is the value's place in its tensor. */
export type Rounder = (steps: number, at: number) => number;

/**
 * Rounds down or up at random, up as likely as the steps are above the lower whole number, so that the mean of many
 * roundings is the value itself (Gupta and others, *Deep Learning with Limited Numerical Precision*, 2015). What is drawn
 * follows from the seed (32 bits), the tensor's name and the value's place in it, in whatever order they are asked for.
 */
export function stochasticRounder(seed: number, tensor: string): Rounder {
  const key = [seed, fnv1a(tensor)] as const;
  const counter = new Uint32Array(4);
  const drawn = new Uint32Array(4);
  let block = -1;
  return (steps, at) => {
    const wanted = Math.floor(at / 4);
    if (wanted !== block) {
      block = wanted;
      counter[0] = wanted;
      philox(counter, key, drawn);
    }
    const lower = Math.floor(steps);
    return lower + ((drawn[at % 4] as number) < (steps - lower) * 2 ** 32 ? 1 : 0);
  };
}
