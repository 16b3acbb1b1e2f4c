import type { SmoothingSearch } from "../src/engine/project/index.ts";
import { plural, signed } from "../src/engine/values/figures.ts";
import { decibel, duration } from "../src/engine/values/units.ts";

/** What smoothing did, tensor by tensor, without what channels are divided by, which is in the recipe. */
export function smoothingFigures({ inputs, samples, outputs, seconds }: SmoothingSearch): object {
  return { inputs, samples, outputs, seconds };
}

/** How many tensors were smoothed, with which alpha, and what their products and the model's outputs gained. */
export function smoothingText({ smoothed, inputs, samples, outputs, seconds }: SmoothingSearch): string[] {
  const gaining = inputs.filter(({ alpha }) => alpha !== null);
  const on = `on ${plural(samples, "sample")} in ${duration(1000 * seconds)}`;
  const all = plural(inputs.length, "tensor");
  if (gaining.length === 0) return [`  nothing smoothed: none of ${all} gains by it ${on}`];
  const gain = ({ sqnr: { before, after } }: SmoothingSearch["inputs"][number]) => after - before;
  const most = gaining.reduce((a, b) => (gain(b) > gain(a) ? b : a));
  const median = gaining.map(gain).sort((a, b) => a - b)[gaining.length >> 1] as number;
  const alphas = gaining.map(({ alpha }) => alpha as number);
  const [low, high] = [Math.min(...alphas), Math.max(...alphas)];
  const worst =
    outputs && `${decibel(outputs.before)} to ${decibel(outputs.after)} on ${plural(outputs.samples, "sample")}`;
  if (Object.keys(smoothed).length === 0) {
    return [
      `  nothing smoothed: ${gaining.length} of ${all} gain by it ${on}, but the worst output would go from ${worst}`,
    ];
  }
  return [
    `  ${gaining.length} of ${all} smoothed ${on}, alpha ${low === high ? low : `${low} to ${high}`}: products of the layers that read them ${signed(median)} dB at the median, most ${most.tensor}, ${decibel(most.sqnr.before)} to ${decibel(most.sqnr.after)}`,
    ...(worst
      ? [
          `  worst output by smoothing, or what goes into its Softmax: ${worst}, before biases are corrected and layers without weights join`,
        ]
      : []),
  ];
}
