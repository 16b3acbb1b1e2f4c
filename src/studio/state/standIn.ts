import type { Calibration } from "../../engine/model/calibration.ts";
import { takesRanges } from "../../engine/model/format.ts";
import type { Project } from "./slices/project.ts";

/** Whether a calibration only stands for one, under a recipe that takes no ranges: it observed nothing. */
export function isStandIn({ wanted }: Calibration): boolean {
  return wanted === 0;
}

/** The calibration that goes with the recipe: a stand-in comes where activations stay in float, and leaves with that. */
export function followedCalibration({
  model,
  recipe,
  calibration,
}: Pick<Project, "model" | "recipe" | "calibration">): Calibration | null {
  if (!model || !recipe) return calibration;
  const { corrections, factors, smoothed, preprocess, seed } = recipe.present;
  if (takesRanges(recipe.present)) return calibration && isStandIn(calibration) ? null : calibration;
  if (calibration) return calibration;
  const seen = { statistics: new Map(), observed: [], skipped: [], wanted: 0, prints: null };
  const nothing = { ...seen, executors: [], notices: [] };
  const { name, sha256 } = model.summary;
  const equalized = corrections.equalization && factors !== null;
  const isSmoothed = corrections.smoothing === true && Object.keys(smoothed ?? {}).length > 0;
  const scaled = { equalized, ...(isSmoothed && { smoothed: true }) };
  return { model: { name, sha256 }, ...scaled, preprocess, seed, ...nothing };
}
