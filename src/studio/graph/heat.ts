import { takesRanges } from "../../engine/model/format.ts";
import { decibel } from "../../engine/values/units.ts";
import { ALL_DB, costOf, errorText, METRICS, NONE_DB, shareOf } from "../metrics.ts";
import { sensitivityFigures, sensitivityIsStale } from "../state/figures.ts";
import type { Row } from "../state/layers.ts";
import { allRows } from "../state/selection.ts";
import type { StudioState } from "../state/slices/studio.ts";

/** How much quantizing a layer hurts. */
export interface Heat {
  /** Place on the ramp: 0 unharmed, 1 worst. */
  readonly share: number;
  readonly text: string;
  /** False where it is that of the layer it is fused with. */
  readonly own: boolean;
}

/** What the colours of the graph stand for. */
export interface HeatScale {
  readonly title: string;
  readonly low: string;
  readonly high: string;
  readonly stale: boolean;
  readonly of: (row: Row) => Heat | null;
}

/** By what was measured; before that by what is estimated from the statistics. */
export function heatScale(state: StudioState): HeatScale {
  return state.results.sensitivity ? measuredHeat(state) : estimatedHeat(state);
}

function measuredHeat(state: StudioState): HeatScale {
  const { metric } = state.view;
  const figures = sensitivityFigures(state);
  const fused = new Map(allRows(state).map((row) => [row.fusedWith, row.id]));
  const worst = [...figures.values()].reduce((most, { cost }) => Math.max(most, cost), 0);
  const worstValue = metric === "cosine" ? 1 - worst : worst;
  return {
    title: `${METRICS[metric].text} of the output, layer alone, measured`,
    low: metric === "sqnr" ? decibel(NONE_DB) : metric === "cosine" ? "1" : "0",
    high: metric === "sqnr" ? decibel(ALL_DB) : errorText(worstValue, metric),
    stale: sensitivityIsStale(state),
    of: ({ id }) => {
      const own = figures.get(id);
      const figure = own ?? figures.get(fused.get(id) ?? "");
      return figure ? { share: figure.share, text: errorText(figure.value, metric), own: own !== undefined } : null;
    },
  };
}

function estimatedHeat({ project: { recipe }, results: { overview } }: StudioState): HeatScale {
  const waiting =
    recipe && !takesRanges(recipe.present)
      ? "Sensitivity, once it is measured"
      : "SQNR of the range, after calibration";
  return {
    title: overview.size > 0 ? "SQNR of the range, estimated" : waiting,
    low: decibel(NONE_DB),
    high: decibel(ALL_DB),
    stale: false,
    of: ({ group, fusedWith }) => {
      const sqnr = group === null ? undefined : overview.get(group)?.figures.sqnr;
      if (sqnr === undefined || Number.isNaN(sqnr)) return null;
      return { share: shareOf(costOf(sqnr, "sqnr"), 0, "sqnr"), text: decibel(sqnr), own: fusedWith === null };
    },
  };
}
