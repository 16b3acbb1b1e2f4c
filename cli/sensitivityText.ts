import type { ErrorMetric, ErrorWalk, OutputErrors, Sensitivity } from "../src/engine/model/sensitivity.ts";
import { clamp } from "../src/engine/values/clamp.ts";
import { cosineText, plural, significant } from "../src/engine/values/figures.ts";
import { byteSize, duration } from "../src/engine/values/units.ts";
import { table } from "./format.ts";

const UNITS: Readonly<Record<ErrorMetric, string>> = {
  sqnr: "SQNR in dB",
  mse: "MSE",
  kl: "KL divergence in nats",
  cosine: "cosine",
  drop: "drop of top-1 in points",
};
const BAR = 20;
/** An SQNR from which on nothing counts as lost, dB. */
const NOTHING_LOST = 60;
const STEPS = 10;

/** A measurement for a person: the layers, worst first, and where the exported model's error enters. */
export function describeSensitivity(
  { samples, wanted, layers, all, kept, executor, seconds }: Sensitivity,
  walk: ErrorWalk | null,
  metric: ErrorMetric,
  split: { readonly calibration: readonly [number, number] | null },
): string[] {
  const ranked = [...layers].sort((a, b) => costOf(b.alone, metric) - costOf(a.alone, metric));
  const worst = Math.max(0, ...layers.map(({ alone }) => costOf(alone, metric)));
  const rows = ranked.map(({ layer, weights, activations, alone, without }) => [
    layer,
    barOf(costOf(alone, metric), worst, metric),
    text(alone, metric),
    text(weights, metric),
    text(activations, metric),
    text(without, metric),
  ]);
  const use = split.calibration ? "calibrated and measured" : "measured; the recipe brought its ranges";
  return [
    `${plural(layers.length, "layer")} on ${samples}${samples < wanted ? ` of ${wanted}` : ""} samples in ${duration(1000 * seconds)} (${executor.runtime}, ${plural(executor.threads, "thread")}, ${byteSize(kept.bytes)} kept); the first ${wanted} samples ${use}`,
    `${UNITS[metric]} of the outputs, ${text(all, metric)} with everything quantized; left out: all but this layer`,
    ...table([["layer", "", "alone", "weights", "activations", "left out"], ...rows]),
    ...(walk ? describeWalk(walk) : []),
  ];
}

/** The layers at which the exported model loses most between what they read and what they make. */
export function describeWalk({ steps }: ErrorWalk): string[] {
  const lossOf = ({ sqnr, inputSqnr }: ErrorWalk["steps"][number]) => (inputSqnr ?? Infinity) - sqnr;
  const entering = steps.filter((step) => Number.isFinite(lossOf(step)) && lossOf(step) > 0);
  const most = entering.sort((a, b) => lossOf(b) - lossOf(a)).slice(0, STEPS);
  if (most.length === 0) return [];
  return [
    "",
    "Where the quantized model loses most, SQNR in dB of what a layer reads and makes:",
    ...table([
      ["layer", "reads", "makes", "loses"],
      ...most.map((step) => [
        step.layer,
        significant(step.inputSqnr ?? 0),
        significant(step.sqnr),
        significant(lossOf(step)),
      ]),
    ]),
  ];
}

function costOf(errors: OutputErrors, metric: ErrorMetric): number {
  const value = errors[metric];
  if (value === null || Number.isNaN(value)) return Number.NEGATIVE_INFINITY;
  if (metric === "sqnr") return -value;
  return metric === "cosine" ? 1 - value : value;
}

function barOf(cost: number, worst: number, metric: ErrorMetric): string {
  const share = metric === "sqnr" ? 1 + cost / NOTHING_LOST : worst > 0 ? cost / worst : 0;
  return "#".repeat(Math.round(BAR * clamp(share, 0, 1)));
}

function text(errors: OutputErrors | null, metric: ErrorMetric): string {
  const value = errors?.[metric] ?? null;
  if (value === null) return "–";
  return metric === "cosine" ? cosineText(value) : significant(metric === "drop" ? 100 * value : value);
}
