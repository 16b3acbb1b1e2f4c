import type { Evaluation } from "../../engine/model/evaluation.ts";

/** An evaluation judged by another limit; without labels there is no verdict. */
export function judged(evaluation: Evaluation, limit: number): Evaluation {
  const { top1 } = evaluation;
  return top1 ? { ...evaluation, verdict: { limit, passed: top1.drop <= limit } } : evaluation;
}
