import { isObject } from "../../schema/running.ts";
import { type Json, lacks, type PastShape } from "./shape.ts";

const isWhole = (output: unknown): output is Json => isObject(output) && lacks(output, "parts");

/** What evaluations were before they had every field of today. */
export const PAST_EVALUATIONS: readonly PastShape[] = [
  {
    // Errors were of each output as a whole, and next tokens were not judged.
    is: (evaluation) =>
      lacks(evaluation, "perplexity") && Array.isArray(evaluation.outputs) && evaluation.outputs.every(isWhole),
    next: (evaluation) => ({
      ...evaluation,
      perplexity: null,
      outputs: (evaluation.outputs as readonly Json[]).map((output) => ({ ...output, parts: [] })),
    }),
  },
];
