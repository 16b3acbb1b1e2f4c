import type { Rounding } from "../src/engine/model/rounding.ts";
import { plural } from "../src/engine/values/figures.ts";
import { percent } from "../src/engine/values/shares.ts";
import { duration } from "../src/engine/values/units.ts";

/** What learning rounding did, layer by layer, without the bits, which are in the recipe. */
export function roundingFigures({ layers, samples, iterations, learner, seconds }: Rounding): object {
  return { layers, samples, iterations, learner, seconds };
}

/** One line: what is left of the layers' output errors, at the median. */
export function roundingText({ layers, samples, iterations, learner, seconds }: Rounding): string {
  const left = layers.map(({ nearest, learned }) => (nearest === 0 ? 1 : learned / nearest)).sort((a, b) => a - b);
  const median = left[left.length >> 1] ?? 1;
  return `  rounding of ${plural(layers.length, "layer")} learned from ${plural(samples, "sample")} in ${duration(1000 * seconds)} (${learner}, ${iterations} iterations): ${percent(median)} of the error of rounding to nearest is left, at the median`;
}
