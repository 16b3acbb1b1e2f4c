import { takesRanges } from "../../engine/model/format.ts";
import type { LayerTimes } from "../../engine/model/latency.ts";
import type { ErrorWalk } from "../../engine/model/sensitivity.ts";
import { plural, significant } from "../../engine/values/figures.ts";
import { decibel } from "../../engine/values/units.ts";
import { ALL_DB, costOf, errorText, METRICS, NONE_DB, shareOf } from "../metrics.ts";
import {
  fileWalkNow,
  layerTimesAreStale,
  sensitivityFigures,
  sensitivityIsStale,
  walkIsStale,
} from "../state/figures.ts";
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
  /** The ends of the ramp; null where there is none. */
  readonly ends: { readonly low: string; readonly high: string } | null;
  readonly stale: boolean;
  readonly of: (row: Row) => Heat | null;
}

/** By what the person chose to see. */
export function heatScale(state: StudioState): HeatScale {
  switch (state.view.graphColour) {
    case "precision":
      return without("Precision of weights and arithmetic");
    case "latency":
      return state.results.layerTimes
        ? timedHeat(state, state.results.layerTimes.result)
        : without("Latency, once the layers are timed");
    case "error":
      return state.results.walk
        ? walkedHeat(state, state.results.walk.result, walkIsStale(state))
        : without("Error, once the walk is measured (Tune, Error walk)");
    default:
      return state.results.sensitivity ? measuredHeat(state) : estimatedHeat(state);
  }
}

function without(title: string): HeatScale {
  return { title, ends: null, stale: false, of: () => null };
}

function measuredHeat(state: StudioState): HeatScale {
  const { metric } = state.view;
  const figures = sensitivityFigures(state);
  const fused = fusedTo(state);
  const worst = [...figures.values()].reduce((most, { cost }) => Math.max(most, cost), 0);
  const worstValue = metric === "cosine" ? 1 - worst : worst;
  return {
    title: `${METRICS[metric].text} of the output, layer alone, measured`,
    ends: {
      low: metric === "sqnr" ? decibel(NONE_DB) : metric === "cosine" ? "1" : "0",
      high: metric === "sqnr" ? decibel(ALL_DB) : errorText(worstValue, metric),
    },
    stale: sensitivityIsStale(state),
    of: ({ id }) => {
      const own = figures.get(id);
      const figure = own ?? figures.get(fused.get(id) ?? "");
      return figure ? { share: figure.share, text: errorText(figure.value, metric), own: own !== undefined } : null;
    },
  };
}

/** The layer that is fused with each, by the one whose range it takes. */
function fusedTo(state: StudioState): ReadonlyMap<string | null, string> {
  return new Map(allRows(state).map((row) => [row.fusedWith, row.id]));
}

/** Of the quantized file beside the model, of which the error alone is measured; null where its layers' precision is chosen. */
export function fileScale(state: StudioState): HeatScale | null {
  const { graphColour } = state.view;
  if (graphColour === "precision") return null;
  if (graphColour !== "error") return without("only the error is measured of it: colour by Error");
  const walked = fileWalkNow(state);
  return walked ? walkedHeat(state, walked.walk, walked.stale) : without("Error, once it is walked through");
}

/** How far a quantized model has strayed from float at each layer's output. */
function walkedHeat(state: StudioState, { steps, samples }: ErrorWalk, stale: boolean): HeatScale {
  const byLayer = new Map(steps.map((step) => [step.layer, step]));
  const fused = fusedTo(state);
  return {
    title: `SQNR at each layer’s output, measured on ${plural(samples, "sample")}`,
    ends: { low: decibel(NONE_DB), high: decibel(ALL_DB) },
    stale,
    of: ({ id }) => {
      const own = byLayer.get(id);
      const step = own ?? byLayer.get(fused.get(id) ?? "");
      if (!step || Number.isNaN(step.sqnr)) return null;
      const share = shareOf(costOf(step.sqnr, "sqnr"), 0, "sqnr");
      return { share, text: decibel(step.sqnr), own: own !== undefined };
    },
  };
}

/** How long each layer takes in the exported model. */
function timedHeat(state: StudioState, { layers, runs, threads }: LayerTimes): HeatScale {
  const byLayer = new Map(layers.map(({ layer, milliseconds }) => [layer, milliseconds]));
  const fused = fusedTo(state);
  const most = layers.reduce((most, { milliseconds }) => Math.max(most, milliseconds), 0);
  return {
    title: `Milliseconds a run in this tab, ${plural(threads, "thread")}, median of ${plural(runs, "run")}`,
    ends: { low: "0 ms", high: `${significant(most)} ms` },
    stale: layerTimesAreStale(state),
    of: ({ id }) => {
      const own = byLayer.get(id);
      const time = own ?? byLayer.get(fused.get(id) ?? "");
      if (time === undefined) return null;
      return { share: most > 0 ? time / most : 0, text: `${significant(time)} ms`, own: own !== undefined };
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
    ends: { low: decibel(NONE_DB), high: decibel(ALL_DB) },
    stale: false,
    of: ({ group, fusedWith }) => {
      const sqnr = group === null ? undefined : overview.get(group)?.figures.sqnr;
      if (sqnr === undefined || Number.isNaN(sqnr)) return null;
      return { share: shareOf(costOf(sqnr, "sqnr"), 0, "sqnr"), text: decibel(sqnr), own: fusedWith === null };
    },
  };
}
