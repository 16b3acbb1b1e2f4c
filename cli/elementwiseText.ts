import type { ElementwiseDecision } from "../src/engine/model/elementwise.ts";
import { plural } from "../src/engine/values/figures.ts";
import { percent } from "../src/engine/values/shares.ts";
import { decibel } from "../src/engine/values/units.ts";

/** What was decided of layers without weights, in a line, and of costly layers with weights in another; none where there are none. */
export function elementwiseText(decision: ElementwiseDecision): string[] {
  return [...joinedText(decision), ...costlyText(decision)];
}

function costlyText({ costly, samples }: ElementwiseDecision): string[] {
  if (!costly) return [];
  const what = `${plural(costly.layers.length, "layer")} with weights in float, ${percent(costly.share)} of the multiplications`;
  return [
    `${what}: ${costly.sqnr === null ? "nothing to compare" : decibel(costly.sqnr)} on ${plural(samples, "sample")}: ${costly.layers.join(", ")}`,
  ];
}

function joinedText({ unjoined, joined, samples, sqnr }: ElementwiseDecision): string[] {
  const total = unjoined.length + joined.length;
  if (total === 0 || !sqnr) return [];
  const what = `${unjoined.length} of ${plural(total, "layer")} without weights in float`;
  const [decided, all, none] = [sqnr.decided, sqnr.joined, sqnr.float].map((value) =>
    value === null ? "nothing to compare" : decibel(value),
  );
  return [`${what}: ${decided} on ${plural(samples, "sample")}, ${all} with all quantized, ${none} with none`];
}
