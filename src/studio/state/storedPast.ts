import { PAST_CALIBRATIONS } from "../../engine/model/past/calibration.ts";
import { PAST_EVALUATIONS } from "../../engine/model/past/evaluation.ts";
import { PAST_RECIPES } from "../../engine/model/past/recipe.ts";
import { PAST_ROUNDINGS } from "../../engine/model/past/rounding.ts";
import { PAST_SENSITIVITIES } from "../../engine/model/past/sensitivity.ts";
import { type Json, lacks, renewed } from "../../engine/model/past/shape.ts";
import { PAST_TUNINGS } from "../../engine/model/past/tuning.ts";
import type { Derived } from "../../engine/recipe/derivations.ts";
import { isObject } from "../../engine/schema/running.ts";
import { pastBasis } from "./pastBasis.ts";

/** By store, what makes today's shape of a record that any version of the database has held; one of today stays as it is. */
export const RENEWALS: Readonly<Record<string, (record: Json) => Json>> = {
  sessions: (record) => {
    // The first version measured no sensitivity.
    const since = lacks(record, "metric")
      ? { sensitivity: null, walk: null, sensitivitySamples: 16, metric: "sqnr" }
      : {};
    const asItIs = (result: unknown) => result;
    return {
      ...record,
      ...since,
      recipe: renewed(record.recipe, PAST_RECIPES),
      evaluation: withResult("evaluation", record.evaluation, (result) => renewed(result, PAST_EVALUATIONS)),
      ...("sensitivity" in record && {
        sensitivity: withResult("sensitivity", record.sensitivity, (result) => renewed(result, PAST_SENSITIVITIES)),
      }),
      ...("walk" in record && { walk: withResult("walk", record.walk, asItIs) }),
    };
  },
  calibrations: (record) => ({
    ...record,
    calibration: renewed(record.calibration, PAST_CALIBRATIONS),
    ...(lacks(record, "calibratedOn") && { calibratedOn: null }),
  }),
  tunings: (record) => ({ ...record, tuning: withResult("search", record.tuning, withRenewedPoints) }),
  roundings: (record) => ({
    ...record,
    rounding: withResult("rounding", record.rounding, (result) => renewed(result, PAST_ROUNDINGS)),
  }),
  results: (record) => ({
    ...record,
    recipe: renewed(record.recipe, PAST_RECIPES),
    evaluation: renewed(record.evaluation, PAST_EVALUATIONS),
  }),
};

function withResult(derived: Derived, based: unknown, renew: (result: unknown) => unknown): unknown {
  return isObject(based) ? { ...based, result: renew(based.result), basis: pastBasis(derived, based.basis) } : based;
}

function withRenewedPoints(tuning: unknown): unknown {
  if (!isObject(tuning) || !Array.isArray(tuning.points)) return tuning;
  const points = tuning.points.map((point: unknown) => {
    return isObject(point) ? { ...point, recipe: renewed(point.recipe, PAST_RECIPES) } : point;
  });
  return renewed({ ...tuning, points }, PAST_TUNINGS);
}
