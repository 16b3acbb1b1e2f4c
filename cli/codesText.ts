import type { CodeSearch } from "../src/engine/project/index.ts";
import { plural } from "../src/engine/values/figures.ts";
import { percent } from "../src/engine/values/shares.ts";
import { duration } from "../src/engine/values/units.ts";

/** What finding codes did, layer by layer, without the codes, which are in the recipe. */
export function codesFigures({ layers, samples, learner, seconds }: CodeSearch): object {
  return { layers, samples, learner, seconds };
}

/** One line: what is left of the layers' squared errors, at the median. */
export function codesText({ layers, samples, learner, seconds }: CodeSearch): string {
  const left = layers.map((layer) => layer.left).sort((a, b) => a - b);
  const median = left[left.length >> 1] ?? 1;
  return `  codes of ${plural(layers.length, "layer")} found by GPTQ on ${plural(samples, "sample")} in ${duration(1000 * seconds)} (${learner}): ${percent(median)} of the squared error of the nearest codes is left, at the median`;
}
