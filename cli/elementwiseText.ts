import type { ElementwiseDecision } from "../src/engine/model/elementwise.ts";
import { plural } from "../src/engine/values/figures.ts";
import { decibel } from "../src/engine/values/units.ts";

/** What was decided of layers without weights, in a line; none where there are none. */
export function elementwiseText({ unjoined, joined, samples, sqnr }: ElementwiseDecision): string[] {
  const total = unjoined.length + joined.length;
  if (total === 0 || !sqnr) return [];
  const what = `${unjoined.length} of ${plural(total, "layer")} without weights in float`;
  const [decided, all, none] = [sqnr.decided, sqnr.joined, sqnr.float].map((value) =>
    value === null ? "nothing to compare" : decibel(value),
  );
  return [`${what}: ${decided} on ${plural(samples, "sample")}, ${all} with all quantized, ${none} with none`];
}
