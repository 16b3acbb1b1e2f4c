import { isObject } from "../../schema/running.ts";
import { type Json, lacks, type PastShape } from "./shape.ts";

const isWhole = (output: unknown): output is Json => isObject(output) && lacks(output, "parts");

/** What evaluations were before they had every field of today. */
export const PAST_EVALUATIONS: readonly PastShape[] = [
  {
    // Errors of each output as a whole.
    is: ({ outputs }) => Array.isArray(outputs) && outputs.some(isWhole),
    next: (evaluation) => ({
      ...evaluation,
      outputs: (evaluation.outputs as readonly unknown[]).map((output) =>
        isWhole(output) ? { ...output, parts: [] } : output,
      ),
    }),
  },
];
