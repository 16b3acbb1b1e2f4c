import { AGAINST_PART, type FineTuning } from "../src/engine/model/finetuning.ts";
import { plural } from "../src/engine/values/figures.ts";
import { percent } from "../src/engine/values/shares.ts";
import { duration } from "../src/engine/values/units.ts";

/** What fine-tuning did, block by block, without codes and biases, which are in the recipe. */
export function fineTuningFigures({ blocks, samples, views, steps, learner, seconds }: FineTuning): object {
  return { blocks, samples, views, steps, learner, seconds };
}

/** A line for all, and one a block: its error on views of samples held out, before and after. */
export function fineTuningText({ blocks, samples, views, steps, learner, seconds }: FineTuning): string[] {
  const seen = views > samples ? `${plural(views, "view")} of ${plural(samples, "sample")}` : plural(samples, "sample");
  return [
    `  ${plural(blocks.length, "block")} fine-tuned on ${seen} in ${duration(1000 * seconds)} (${learner}, ${plural(steps, "step")} each):`,
    ...blocks.map(({ layers, before, after, kept }) => {
      const end = layers.length > 1 ? ` to ${layers.at(-1)}` : "";
      const what = kept ? "kept" : "left as learned rounding had it";
      return `    ${layers[0]}${end}: error on samples held out ${percent(before)} of the output, then ${percent(after)}; ${what}`;
    }),
    ...(blocks.some(({ kept }) => kept) ? [`    ${AGAINST_PART}`] : []),
  ];
}
