import { AGAINST_PART, type FineTuning, hasGained, type Judged, NOT_JUDGED } from "../src/engine/model/finetuning.ts";
import { plural } from "../src/engine/values/figures.ts";
import { percent } from "../src/engine/values/shares.ts";
import { duration } from "../src/engine/values/units.ts";

/** What fine-tuning did, layer by layer and block by block, without codes and biases, which are in the recipe. */
export function fineTuningFigures({ layerwise, blocks, samples, views, steps, learner, seconds }: FineTuning): object {
  const { layers, views: seen, judged } = layerwise;
  return { layerwise: { layers, views: seen, ...judged }, blocks, samples, views, steps, learner, seconds };
}

/** A line for all, one for layers by themselves, and one a block: errors on samples held out, before and after. */
export function fineTuningText(finetuning: FineTuning): string[] {
  const { layerwise, blocks, samples, views, steps, learner, seconds } = finetuning;
  const { layers, judged } = layerwise;
  const seen = views > samples ? `${plural(views, "view")} of ${plural(samples, "sample")}` : plural(samples, "sample");
  return [
    `  ${plural(layers.length, "layer")} fine-tuned on ${plural(layerwise.views, "view")}, and ${plural(blocks.length, "block")} on ${seen}, in ${duration(1000 * seconds)} (${learner}, ${plural(steps, "step")} a block):`,
    ...(judged ? [`    layer by layer: ${judgedText(judged)}`] : []),
    ...blocks.map(({ layers, before, after, kept }) => {
      const end = layers.length > 1 ? ` to ${layers.at(-1)}` : "";
      const what = kept ? "kept" : "left as it was";
      return `    ${layers[0]}${end}: error on samples held out ${percent(before)} of the output, then ${percent(after)}; ${what}`;
    }),
    ...(hasGained(finetuning) ? [`    ${AGAINST_PART}`] : []),
  ];
}

function judgedText({ before, after, kept }: Judged): string {
  const end = kept ? "kept" : "left as learned rounding had it";
  if (Number.isNaN(before)) return `${NOT_JUDGED}; ${end}`;
  return `error on samples held out ${percent(before)} of the outputs with learned rounding, then ${percent(after)}; ${end}`;
}
