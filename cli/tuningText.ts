import type { TuneLimit, TunePoint, Tuning } from "../src/engine/model/tuning.ts";
import { type Step, stepsTo } from "../src/engine/project/index.ts";
import { plural, significant } from "../src/engine/values/figures.ts";
import { percent, pointsOf } from "../src/engine/values/shares.ts";
import { byteSize, decibel, duration } from "../src/engine/values/units.ts";
import { table } from "./format.ts";

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
  const byTokens = goesByTokens(points);
  const task = byTokens ? ["perplexity", "rise"] : ["top-1", "drop", "expected"];
  const heads = ["tried", "bytes", "in float", "SQNR", ...task, ...(timed ? ["p50"] : []), "limit"];
  const offered = points[best]!;
  return [
    `${plural(points.length, "point")} tried in ${duration(1000 * seconds)}${ENDINGS[ended]}; samples ${first} to ${end - 1} calibrated, ${from} to ${to - 1} judged (${judged.samples} read, ${judged.labelled} labelled)`,
    ...(judged.by ? [`SQNR of ${judged.by.join(", ")}, since no output has floats of a size that holds`] : []),
    ...table([heads, ...points.map((point, i) => row(point, i + 1, timed, i === best, byTokens))]),
    ...(request.mix || request.rescue ? chain(stepsTo(points, best)) : []),
    chosen === null
      ? `no point keeps the limit, ${limitText(request.limit, byTokens)}; the nearest is written: ${offered.label}`
      : `the ${request.rescue ? "first" : timed ? "fastest" : "smallest"} that keeps the limit, ${limitText(request.limit, byTokens)}: ${offered.label}`,
  ];
}

/** What each decision on the way to the best point gained and cost. */
function chain(steps: readonly Step[]): string[] {
  const signed = (text: string, value: number) => (value > 0 ? `+${text}` : text);
  return steps.map(({ label, bytes, sqnr, latency }) => {
    const size = `${bytes < 0 ? "−" : "+"}${byteSize(Math.abs(bytes))}`;
    const time = latency === null ? "" : `, ${signed(`${significant(latency)} ms`, latency)}`;
    return `  ${label}: ${size}, ${signed(decibel(sqnr), sqnr)}${time}`;
  });
}

/** Where nothing is labelled and next tokens are judged. */
function goesByTokens(points: readonly TunePoint[]): boolean {
  return points.some(({ top1, perplexity }) => !top1 && perplexity);
}

function taskCells({ top1, perplexity, expected }: TunePoint, byTokens: boolean): string[] {
  if (byTokens) return perplexity ? [significant(perplexity.quantized), percent(perplexity.rise)] : ["–", "–"];
  return [
    top1 ? percent(top1.quantized) : "–",
    top1 ? significant(100 * top1.drop) : "–",
    expected === null ? "–" : significant(100 * expected),
  ];
}

function row(point: TunePoint, number: number, timed: boolean, taken: boolean, byTokens: boolean): string[] {
  const { label, bytes, floatLayers, sqnr, latency, passed } = point;
  return [
    `${number} ${label}`,
    byteSize(bytes),
    `${floatLayers}`,
    decibel(sqnr),
    ...taskCells(point, byTokens),
    ...(timed ? [latency === null ? "–" : `${significant(latency)} ms`] : []),
    `${passed ? "kept" : "not kept"}${taken ? " *" : "  "}`,
  ];
}

function limitText(limit: TuneLimit, byTokens: boolean): string {
  if (limit.kind === "drop" && byTokens) return `a rise of perplexity of ${percent(limit.share)}`;
  return limit.kind === "drop" ? `a drop of ${pointsOf(limit.share)}` : `an SQNR of ${decibel(limit.decibels)}`;
}
