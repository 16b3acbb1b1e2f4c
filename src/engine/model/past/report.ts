import { isObject } from "../../schema/running.ts";
import { PAST_CALIBRATIONS } from "./calibration.ts";
import { PAST_EVALUATIONS } from "./evaluation.ts";
import { PAST_RECIPES } from "./recipe.ts";
import { type Json, lacks, type PastShape, renewed } from "./shape.ts";

/** What reports of version 1 were before they had every field of today. */
export const PAST_REPORTS: readonly PastShape[] = [
  {
    // A person had made every recipe.
    is: (report) => lacks(report, "tuning") && hadOneExecutor(report),
    next: (report) => ({ ...report, tuning: null }),
  },
  {
    is: hadOneExecutor,
    next: (report) => ({
      ...report,
      calibration: renewed(report.calibration, PAST_CALIBRATIONS),
    }),
  },
  {
    // Recipes were of any shape before today's.
    is: ({ recipe }) => isObject(recipe) && lacks(recipe, "preparation"),
    next: (report) => ({
      ...report,
      recipe: renewed(report.recipe, PAST_RECIPES),
      tuning: isObject(report.tuning)
        ? { ...report.tuning, start: renewed(report.tuning.start, PAST_RECIPES) }
        : report.tuning,
    }),
  },
  {
    is: ({ evaluation }) => isObject(evaluation) && renewed(evaluation, PAST_EVALUATIONS) !== evaluation,
    next: (report) => ({ ...report, evaluation: renewed(report.evaluation, PAST_EVALUATIONS) }),
  },
];

function hadOneExecutor({ calibration }: Json): boolean {
  return isObject(calibration) && isObject(calibration.executor);
}
