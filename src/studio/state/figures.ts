import type { ErrorMetric, LayerSensitivity, Sensitivity } from "../../engine/model/sensitivity.ts";
import { isCurrent, sameSettings } from "../../engine/recipe/basis.ts";
import { sameValue } from "../../engine/recipe/text.ts";
import { costOf, shareOf } from "../metrics.ts";
import type { StudioState } from "./slices/studio.ts";
import { factsOf, presentOf } from "./steps.ts";

/** What one layer alone costs, by the metric chosen. */
export interface SensitivityFigure {
  readonly measured: LayerSensitivity;
  readonly value: number;
  /** More is worse, whichever way the metric runs. */
  readonly cost: number;
  /** Of a full bar, 0..1. */
  readonly share: number;
}

/** Whether the recipe or the data is another than that measured. */
export function sensitivityIsStale(state: StudioState): boolean {
  const { sensitivity } = state.results;
  return sensitivity !== null && !isCurrent("sensitivity", sensitivity.basis, presentOf(factsOf(state)));
}

export function walkIsStale(state: StudioState): boolean {
  const { walk } = state.results;
  return walk !== null && !isCurrent("walk", walk.basis, presentOf(factsOf(state)));
}

/** The walk through the quantized file that is beside the model, and whether it was on other samples, or prepared otherwise; null before there is one. */
export function fileWalkNow({ project, results: { fileWalk } }: StudioState) {
  const { besideFile, data, recipe } = project;
  if (!fileWalk || !besideFile || fileWalk.sha256 !== besideFile.sha256) return null;
  const { preprocess = null, seed = null } = recipe?.present ?? {};
  const of = [fileWalk.data, fileWalk.preprocess, fileWalk.seed];
  return { walk: fileWalk.result, stale: data !== null && !sameValue(of, [data.fingerprint, preprocess, seed]) };
}

export function layerTimesAreStale({ results, project }: StudioState): boolean {
  const present = project.recipe?.present;
  return results.layerTimes !== null && present !== undefined && !sameSettings(present, results.layerTimes.recipe);
}

const NONE: ReadonlyMap<string, SensitivityFigure> = new Map();
let memo: { readonly of: unknown; readonly metric: unknown; readonly figures: typeof NONE } | null = null;

/** By layer id; empty before anything is measured, or where the metric was not. */
export function sensitivityFigures({
  results: { sensitivity },
  view: { metric },
}: StudioState): ReadonlyMap<string, SensitivityFigure> {
  if (!sensitivity) return NONE;
  if (memo?.of !== sensitivity.result || memo.metric !== metric) {
    memo = { of: sensitivity.result, metric, figures: figuresOf(sensitivity.result, metric) };
  }
  return memo.figures;
}

/** What each layer alone costs by a metric, and its share of a full bar. */
export function figuresOf({ layers }: Sensitivity, metric: ErrorMetric): ReadonlyMap<string, SensitivityFigure> {
  const known = layers.flatMap((measured) => {
    const value = measured.alone[metric];
    return value === null || Number.isNaN(value) ? [] : [{ measured, value, cost: costOf(value, metric) }];
  });
  const worst = known.reduce((most, { cost }) => Math.max(most, cost), 0);
  return new Map(known.map((entry) => [entry.measured.layer, { ...entry, share: shareOf(entry.cost, worst, metric) }]));
}
