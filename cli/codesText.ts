import type { CodeSearch } from "../src/engine/model/codeSearch.ts";
import { plural } from "../src/engine/values/figures.ts";
import { percent } from "../src/engine/values/shares.ts";
import { duration } from "../src/engine/values/units.ts";

/** What finding codes did, layer by layer, without codes and scales, which are in the recipe. */
export function codesFigures({ algorithm, layers, scaling, samples, learner, seconds }: CodeSearch): object {
  return { algorithm, layers, ...(scaling && { scaling }), samples, learner, seconds };
}

/** What is left of the layers' squared errors, at the median, and of AWQ whose inputs were scaled: a line each. */
export function codesText({ algorithm, layers, scaling, samples, learner, seconds }: CodeSearch): string[] {
  const by = algorithm.toUpperCase();
  const found = `  codes of ${plural(layers.length, "layer")} found by ${by} on ${plural(samples, "sample")} in ${duration(1000 * seconds)} (${learner}): ${percent(median(layers))} of the squared error of the codes that need no samples is left, at the median`;
  if (!scaling) return [found];
  const scaled = scaling.inputs.flatMap((input) => (input.power > 0 ? input.layers : []));
  const lines = [found];
  if (scaled.length > 0) {
    const tensors = scaling.inputs.filter(({ power }) => power > 0);
    lines.push(
      `  inputs of ${plural(scaled.length, "layer")} scaled before, where they are made: ${percent(median(tensors))} of the squared error of unscaled ones was left, at the median`,
    );
  }
  const [first] = scaling.unscaled;
  if (first) {
    lines.push(
      `  ${plural(scaling.unscaled.length, "layer")}, such as ${first}, read what no scale can be folded into, and keep 1`,
    );
  }
  return lines;
}

function median(parts: readonly { readonly left: number }[]): number {
  const left = parts.map((part) => part.left).sort((a, b) => a - b);
  return left[left.length >> 1] ?? 1;
}
