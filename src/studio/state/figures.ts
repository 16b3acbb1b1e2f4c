import type { ErrorMetric, LayerSensitivity, Sensitivity } from "../../engine/model/sensitivity.ts";
import { isCurrent } from "../../engine/recipe/basis.ts";
import { costOf, shareOf } from "../metrics.ts";
import type { Row } from "./layers.ts";
import { presentOf } from "./steps.ts";
import type { StudioState } from "./store.ts";

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
  return state.sensitivity !== null && !isCurrent("sensitivity", state.sensitivity.basis, presentOf(state));
}

export function walkIsStale(state: StudioState): boolean {
  return state.walk !== null && !isCurrent("walk", state.walk.basis, presentOf(state));
}

const NONE: ReadonlyMap<string, SensitivityFigure> = new Map();
let memo: { readonly of: unknown; readonly metric: unknown; readonly figures: typeof NONE } | null = null;

/** By layer id; empty before anything is measured, or where the metric was not. */
export function sensitivityFigures({ sensitivity, metric }: StudioState): ReadonlyMap<string, SensitivityFigure> {
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

/** What was measured of a row, or of the layer that it is fused to. */
export function measuredOf<T extends { readonly layer: string }>(
  measured: readonly T[],
  row: Row,
  rows: readonly Row[],
): T | null {
  const own = measured.find(({ layer }) => layer === row.id);
  if (own) return own;
  const fused = rows.filter(({ fusedWith }) => fusedWith === row.id).map(({ id }) => id);
  return measured.find(({ layer }) => fused.includes(layer)) ?? null;
}
