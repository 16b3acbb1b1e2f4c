import type { OutputError } from "../../engine/model/evaluation.ts";
import type { Port } from "../../engine/model/tensor.ts";
import { percent } from "../../engine/values/shares.ts";
import { decibel } from "../../engine/values/units.ts";

const SCORES = /score|class|cls|conf|prob|logit/i;

/**
 * How close the outputs are, in one figure: the agreement of one of class scores, which has one axis longer than 1 or is
 * named so, else the least SQNR of all. Where the largest of four box edges lies, or of a row of a feature map, says
 * nothing. Undefined where there is neither.
 */
export function closenessText(outputs: readonly OutputError[], ports: readonly Port[]): string | undefined {
  const known = outputs.filter(({ agreement }) => agreement !== null);
  const scores = new Set(ports.filter(isClassScores).map(({ name }) => name));
  const telling = known.find(({ name }) => scores.has(name)) ?? known.find(({ name }) => SCORES.test(name));
  if (telling) return `agreement ${percent(telling.agreement!)}`;
  const [least] = outputs
    .flatMap(({ sqnr }) => (sqnr === null || Number.isNaN(sqnr) ? [] : sqnr))
    .sort((a, b) => a - b);
  return least === undefined ? undefined : `SQNR ${decibel(least)}`;
}

/** An open first dimension is the batch, of which there is one sample. */
function isClassScores({ dims }: Port): boolean {
  return dims.filter((dim, axis) => (typeof dim === "number" ? dim > 1 : axis > 0)).length === 1;
}
