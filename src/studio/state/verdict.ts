import type { Evaluation } from "../../engine/model/evaluation.ts";

/** An evaluation judged by another limit; without labels and next tokens there is no verdict. */
export function judged(evaluation: Evaluation, limit: number): Evaluation {
  const lost = evaluation.top1?.drop ?? evaluation.perplexity?.rise ?? null;
  return lost === null ? evaluation : { ...evaluation, verdict: { limit, passed: lost <= limit } };
}
