import type { Evaluation } from "../../engine/model/evaluation.ts";

/** An evaluation judged by another limit; what was not judged stays so. */
export function judged(evaluation: Evaluation, limit: number): Evaluation {
  const { verdict, top1, perplexity } = evaluation;
  const lost = top1?.drop ?? perplexity?.rise ?? null;
  return verdict === null || lost === null ? evaluation : { ...evaluation, verdict: { limit, passed: lost <= limit } };
}

const NOT_JUDGED =
  "The limit was not judged: the labels say that the preprocessing assumed is not the model's, or that they are off by one; the Data step has what to take instead.";

/** An evaluation on the wrong footing: its figures stand, and say nothing of a limit. */
export function unjudged(evaluation: Evaluation): Evaluation {
  const notice = { kind: "warning", subject: "verdict", message: NOT_JUDGED } as const;
  return { ...evaluation, verdict: null, notices: [notice, ...evaluation.notices] };
}
