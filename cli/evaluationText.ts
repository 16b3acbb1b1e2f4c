import { clippedName, mostClipped } from "../src/engine/model/clipped.ts";
import {
  type Accuracy,
  bandText,
  classText,
  type Evaluation,
  losingClasses,
  type OutputError,
  type OutputPart,
  otherText,
  type Perplexity,
  rightText,
} from "../src/engine/model/evaluation.ts";
import { channelsText } from "../src/engine/values/channels.ts";
import { cosineText, plural, significant } from "../src/engine/values/figures.ts";
import { percent, pointsOf } from "../src/engine/values/shares.ts";
import { byteSize, decibel } from "../src/engine/values/units.ts";

const WORST = 5;
const MOST_CLIPPED = 3;

/** An evaluation for a person, line by line; the float figure comes first. */
export function describeEvaluation(evaluation: Evaluation): string[] {
  const allowed = (limit: number) =>
    evaluation.top1 ? `a drop of ${pointsOf(limit)}` : `a rise of perplexity of ${percent(limit)}`;
  const { samples, labelled, top1, top5, perplexity, outputs, bytes, verdict } = evaluation;
  return [
    `${plural(samples, "sample")}, ${labelled} of them labelled; float, then quantized:`,
    ...(top1 ? [accuracyLine("top-1", top1)] : []),
    ...(top5 ? [accuracyLine("top-5", top5)] : []),
    ...classLines(evaluation),
    ...(perplexity ? [perplexityLine(perplexity)] : []),
    ...outputs.flatMap((output) => [outputLine(output), ...output.parts.map(partLine)]),
    ...(evaluation.others ?? []).map((other) => `${other.name}: ${otherText(other)}`),
    `size: ${byteSize(bytes.float)}, ${byteSize(bytes.quantized)}`,
    latencyLine(evaluation.latency),
    ...memoryLines(evaluation),
    ...throughputLines(evaluation),
    ...clippedLines(evaluation),
    ...(verdict ? [`${verdict.passed ? "passed" : "failed"}: ${allowed(verdict.limit)} is allowed`] : []),
  ];
}

function accuracyLine(name: string, { float, quantized, drop, interval }: Accuracy): string {
  const [low, high] = interval;
  return `${name}: ${percent(float)}, ${percent(quantized)}; drop ${pointsOf(drop)} (95 % interval ${pointsOf(low)} to ${pointsOf(high)})`;
}

function classLines({ byClass = [], byConfidence = [] }: Evaluation): string[] {
  const worst = losingClasses(byClass).slice(0, WORST);
  return [
    ...byConfidence.map((band) => `  float ${bandText(band)}: ${rightText(band)}; ${band.same} with the same answer`),
    ...(worst.length > 0 ? [`  classes that lose most, of ${byClass.length}:`] : []),
    ...worst.map((one) => `    ${classText(one)}: ${rightText(one)}`),
  ];
}

function perplexityLine({ output, tokens, float, quantized, rise, interval }: Perplexity): string {
  const within = interval ? ` (95 % interval ${percent(interval[0])} to ${percent(interval[1])})` : "";
  return `perplexity of ${plural(tokens, "next token")} by ${output}, lower is better: ${significant(float)}, ${significant(quantized)}; rise ${percent(rise)}${within}`;
}

function outputLine({ name, sqnr, mse, mae, cosine, agreement, kl, nonFinite }: OutputError): string {
  const errors = [
    ...(sqnr === null ? [] : [`SQNR ${decibel(sqnr)}`]),
    `MSE ${significant(mse)}`,
    `MAE ${significant(mae)}`,
    ...(cosine === null ? [] : [`cosine ${cosineText(cosine)}`]),
    ...(agreement === null ? [] : [`agreement ${percent(agreement)}`]),
    ...(kl === null ? [] : [`KL ${significant(kl)} nat`]),
    ...(nonFinite === 0 ? [] : [`${nonFinite} not finite`]),
  ];
  return `${name}: ${errors.join(", ")}`;
}

function partLine({ channels, largest, sqnr }: OutputPart): string {
  return `  ${channelsText(channels, largest)}: SQNR ${decibel(sqnr)}`;
}

function latencyLine({ float, quantized, runs, threads, runtime, machine }: Evaluation["latency"]): string {
  const pair = (name: string, ours: number | undefined, theirs: number | undefined) =>
    ours === undefined || theirs === undefined ? [] : [`${name} ${significant(ours)} ms, ${significant(theirs)} ms`];
  const times = [
    ...pair("p50", float.p50, quantized.p50),
    ...pair("p95", float.p95, quantized.p95),
    ...pair("p99", float.p99, quantized.p99),
    ...pair("from the file to the first answer", float.start, quantized.start),
  ];
  return `latency: ${times.join("; ")} (${runs} runs each in turn, ${plural(threads, "thread")}, ${runtime}, ${machine})`;
}

function memoryLines({ memory }: Evaluation): string[] {
  if (!memory) return [];
  const { float, quantized } = memory;
  return [
    `memory: ${byteSize(float)}, ${byteSize(quantized)} (peak of opening and a run, beyond the files, in a process of its own)`,
  ];
}

function throughputLines({ throughput }: Evaluation): string[] {
  if (!throughput) return [];
  const by = throughput.map(
    ({ batch, float, quantized }) => `${batch}: ${significant(float)}, ${significant(quantized)}`,
  );
  return [`samples a second, by how many are run at a time: ${by.join("; ")}`];
}

/** The layers that lose most. */
function clippedLines({ clipped = [] }: Evaluation): string[] {
  if (clipped.length === 0) return [];
  const worst = mostClipped(clipped, MOST_CLIPPED).map((each) => `${clippedName(each)} ${percent(each.share)}`);
  const ranges = plural(clipped.length, "clip range");
  return [
    worst.length > 0
      ? `values outside the ${ranges}, by layer, most first: ${worst.join(", ")}`
      : `values outside the ${ranges}: none`,
  ];
}
