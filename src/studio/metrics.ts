import type { ErrorMetric, LayerSensitivity, OutputErrors } from "../engine/model/sensitivity.ts";
import { clamp } from "../engine/values/clamp.ts";
import { cosineText, significant, significantTo } from "../engine/values/figures.ts";
import { decibel } from "../engine/values/units.ts";

interface Metric {
  readonly text: string;
  readonly unit: string;
  /** How many digits wide its figures are in a column. */
  readonly digits: number;
  /** When a bar is full. */
  readonly bar: string;
}

/** The SQNR at which nothing counts as lost, and that at which everything does. */
export const NONE_DB = 60;
export const ALL_DB = 0;

const RELATIVE = "full for the worst layer and in proportion for the others";

export const METRICS: Readonly<Record<ErrorMetric, Metric>> = {
  sqnr: { text: "SQNR", unit: "dB", digits: 5, bar: `full at ${ALL_DB} dB or less and empty at ${NONE_DB} dB or more` },
  mse: { text: "MSE", unit: "", digits: 6, bar: RELATIVE },
  kl: { text: "KL", unit: "nat", digits: 6, bar: RELATIVE },
  cosine: {
    text: "Cosine",
    unit: "",
    digits: 6,
    bar: "full for the one furthest from 1 and in proportion for the others",
  },
  drop: { text: "Top-1 drop", unit: "pt", digits: 5, bar: RELATIVE },
};

/** What is lost by a metric: more is worse, whichever way the metric itself runs. */
export function costOf(value: number, metric: ErrorMetric): number {
  if (metric === "sqnr") return -value;
  return metric === "cosine" ? 1 - value : value;
}

/** The part of a full bar, 0..1, that a cost takes where `worst` is the highest of all. */
export function shareOf(cost: number, worst: number, metric: ErrorMetric): number {
  const share = metric === "sqnr" ? (NONE_DB + cost) / (NONE_DB - ALL_DB) : worst > 0 ? cost / worst : 0;
  return clamp(share, 0, 1);
}

/** How much less is lost by the second than by the first, in the metric's unit; null where it is not measured. */
export function regained(before: OutputErrors, after: OutputErrors, metric: ErrorMetric): number | null {
  const from = before[metric];
  const to = after[metric];
  return from === null || to === null ? null : costOf(from, metric) - costOf(to, metric);
}

/** What was measured of a layer in one line; `all` is with everything quantized. */
export function sensitivityText(layer: LayerSensitivity, all: OutputErrors, metric: ErrorMetric): string {
  const { weights, activations, alone, without } = layer;
  const parts = [
    ...(weights ? [`weights ${errorText(weights[metric], metric)}`] : []),
    `activations ${errorText(activations[metric], metric)}`,
    ...(weights ? [`both ${errorText(alone[metric], metric)}`] : []),
  ];
  const gain = errorText(regained(all, without, metric), metric);
  return `Alone: ${parts.join(", ")}; left in float regains ${gain}`;
}

/** A figure with its unit; an en dash where it is not measured. */
export function errorText(value: number | null, metric: ErrorMetric): string {
  if (value === null) return "–";
  const { unit } = METRICS[metric];
  return metric === "sqnr" ? decibel(value) : [bare(value, metric), unit].filter(Boolean).join(" ");
}

/** A figure as short as a column holds it, without its unit. */
export function errorDigits(value: number, metric: ErrorMetric): string {
  const text = metric === "cosine" ? cosineText(value, 4) : bare(value, metric);
  return text.includes("e") ? significantTo(value, 2) : text;
}

function bare(value: number, metric: ErrorMetric): string {
  if (metric === "cosine") return cosineText(value);
  return significant(metric === "drop" ? value * 100 : value);
}
