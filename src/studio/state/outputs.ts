import type { OutputError } from "../../engine/model/evaluation.ts";
import type { Port } from "../../engine/model/tensor.ts";

const SCORES = /score|class|cls|conf|prob|logit/i;

/**
 * The output whose agreement says most: one of class scores, which has one axis longer than 1 or is named so; else the
 * first. Where the largest of four box edges lies says nothing. Undefined where no output has an agreement.
 */
export function tellingOutput(outputs: readonly OutputError[], ports: readonly Port[]): OutputError | undefined {
  const known = outputs.filter(({ agreement }) => agreement !== null);
  const scores = new Set(ports.filter(isClassScores).map(({ name }) => name));
  return known.find(({ name }) => scores.has(name)) ?? known.find(({ name }) => SCORES.test(name)) ?? known[0];
}

/** An open first dimension is the batch, of which there is one sample. */
function isClassScores({ dims }: Port): boolean {
  return dims.filter((dim, axis) => (typeof dim === "number" ? dim > 1 : axis > 0)).length === 1;
}
