import { isObject } from "../../schema/running.ts";
import { PAST_CALIBRATIONS } from "./calibration.ts";
import { PAST_EVALUATIONS } from "./evaluation.ts";
import { PAST_RECIPES } from "./recipe.ts";
import { type Json, lacks, type PastShape, renewed } from "./shape.ts";
import { PAST_TUNINGS } from "./tuning.ts";

/** What reports of version 1 were before they had every field of today. */
export const PAST_REPORTS: readonly PastShape[] = [
  {
    // A person had made every recipe.
    is: (report) => lacks(report, "tuning") && hadOneExecutor(report),
    next: (report) => ({ ...report, tuning: null }),
  },
  {
    // One session ran all samples, and later several, in the order of their paths.
    is: ({ calibration }) => renewed(calibration, PAST_CALIBRATIONS) !== calibration,
    next: (report) => ({ ...report, calibration: renewed(report.calibration, PAST_CALIBRATIONS) }),
  },
  {
    // Recipes of before preparations had generations; errors were of each output as a whole, next tokens were not judged, and layers that
    // are stored in fewer bits alone were not told from those that run in integers.
    is: ({ recipe }) => renewed(recipe, PAST_RECIPES) !== recipe,
    next: ({ evaluation, model, ...report }) =>
      withRecipes({
        ...{ ...report, evaluation: renewed(evaluation, PAST_EVALUATIONS) },
        model: isObject(model) ? { ...model, floatKernels: null } : model,
      }),
  },
];

/** The report with the recipes in it, and the search, in the shape of today. */
function withRecipes(report: Json): Json {
  const { recipe } = report;
  const tuning = renewed(report.tuning, PAST_TUNINGS);
  return {
    ...report,
    recipe: renewed(recipe, PAST_RECIPES),
    tuning: isObject(tuning) ? { ...tuning, start: renewed(tuning.start, PAST_RECIPES) } : tuning,
  };
}

function hadOneExecutor({ calibration }: Json): boolean {
  return isObject(calibration) && isObject(calibration.executor);
}
