import type { TuneLimit, TunePoint, Tuning } from "../src/engine/model/tuning.ts";
import { bytesText, percentText, significant, table } from "./format.ts";

const ENDINGS: Readonly<Record<Tuning["ended"], string>> = {
  found: "",
  exhausted: "",
  budget: ", until the budget was spent",
  cancelled: ", until it was cancelled",
};

/** A search for a person: what was tried, line by line, and what came of it. */
export function describeTuning(tuning: Tuning): string[] {
  const { request, split, judged, points, chosen, best, ended, seconds } = tuning;
  const [first, end] = split.calibration;
  const [from, to] = split.judgement;
  const timed = request.goal === "latency";
  const heads = ["tried", "bytes", "in float", "SQNR", "top-1", "drop", "expected", ...(timed ? ["p50"] : []), "limit"];
  const offered = points[best]!;
  return [
    `${points.length} points tried in ${seconds.toFixed(1)} s${ENDINGS[ended]}; samples ${first} to ${end - 1} calibrated, ${from} to ${to - 1} judged (${judged.samples} read, ${judged.labelled} labelled)`,
    ...table([heads, ...points.map((point, i) => row(point, i + 1, timed, i === best))]),
    chosen === null
      ? `no point keeps the limit, ${limitText(request.limit)}; the nearest is written: ${offered.label}`
      : `the ${timed ? "fastest" : "smallest"} that keeps the limit, ${limitText(request.limit)}: ${offered.label}`,
  ];
}

function row(point: TunePoint, number: number, timed: boolean, taken: boolean): string[] {
  const { label, bytes, floatLayers, sqnr, top1, expected, latency, passed } = point;
  return [
    `${number} ${label}`,
    bytesText(bytes),
    `${floatLayers}`,
    `${sqnr.toFixed(1)} dB`,
    top1 ? percentText(top1.quantized) : "-",
    top1 ? (100 * top1.drop).toFixed(1) : "-",
    expected === null ? "-" : (100 * expected).toFixed(1),
    ...(timed ? [latency === null ? "-" : `${latency.toFixed(2)} ms`] : []),
    `${passed ? "kept" : "not kept"}${taken ? " *" : "  "}`,
  ];
}

function limitText(limit: TuneLimit): string {
  return limit.kind === "drop"
    ? `a drop of ${significant(100 * limit.share)} points`
    : `an SQNR of ${significant(limit.decibels)} dB`;
}
