import { clamp } from "../../engine/values/clamp.ts";
import { sensitivityFigures } from "./figures.ts";
import { filterRows, type Row, rowsOf, sortRows } from "./layers.ts";
import type { StudioState } from "./slices/studio.ts";
import { actions, studio } from "./store.ts";

const NO_ROWS: readonly Row[] = [];
const NO_WEIGHTS: ReadonlyMap<string, number> = new Map();
let rowsMemo: { readonly plan: unknown; readonly float: unknown; readonly rows: readonly Row[] } | null = null;
let shownMemo: { readonly inputs: readonly unknown[]; readonly rows: readonly Row[] } | null = null;

/** All rows of the open model. */
export function allRows({ project: { model, recipe } }: StudioState): readonly Row[] {
  if (!model || !recipe) return NO_ROWS;
  const { float } = recipe.present;
  if (rowsMemo?.plan !== model.plan || rowsMemo.float !== float) {
    rowsMemo = { plan: model.plan, float, rows: rowsOf(model.plan, recipe.present) };
  }
  return rowsMemo.rows;
}

/** The rows as the list shows them: filtered and sorted. */
export function shownRows(state: StudioState): readonly Row[] {
  const { filter, sort } = state.view;
  const { overview, diagnosis } = state.results;
  const known = { overview, weightSqnr: diagnosis?.weightSqnr ?? NO_WEIGHTS, sensitivity: sensitivityFigures(state) };
  const byFigures = sort.key !== "order" || /[<>]/.test(filter);
  const inputs = [allRows(state), filter, sort, ...(byFigures ? [overview, known.weightSqnr, known.sensitivity] : [])];
  if (shownMemo?.inputs.length !== inputs.length || inputs.some((input, index) => input !== shownMemo?.inputs[index])) {
    shownMemo = { inputs, rows: sortRows(filterRows(allRows(state), filter, known), known, sort) };
  }
  return shownMemo.rows;
}

export function rowOf(state: StudioState): Row | null {
  return allRows(state).find((row) => row.id === state.view.layer) ?? null;
}

/** The range group that the selected layer's output belongs to. */
export function groupOf(state: StudioState): string | null {
  return rowOf(state)?.group ?? null;
}

/** Moves the selection within the rows shown. */
export function selectBy(offset: number): void {
  const state = studio.getState();
  const rows = shownRows(state);
  if (rows.length === 0) return;
  const index = rows.findIndex((row) => row.id === state.view.layer);
  const next = index < 0 ? 0 : clamp(index + offset, 0, rows.length - 1);
  actions.layerSelected(rows[next]!.id);
}
