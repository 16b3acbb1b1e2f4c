import type { Accuracy, Evaluation, PrintedEvaluation } from "../model/evaluation.ts";
import type { Gate, GateCheck, RuleName, Rules } from "../model/gate.ts";
import { InputError } from "../model/job.ts";
import { own } from "../model/record.ts";
import type { Report } from "../model/report.ts";
import { plural, significant } from "../values/figures.ts";
import { percent, pointsOf } from "../values/shares.ts";
import { byteSize, decibel } from "../values/units.ts";

/** What stands for outputs that a rule does not name. */
const OTHERS = "*";

/** Digits of a figure that is too near to its limit to be told from it. */
const PRECISE = 10;

/**
 * Holds the figures of a report, and of an evaluation in place of its own, against rules. A rule that there is nothing to hold against is missed,
 * and the gate then not passed. Throws InputError where the evaluation is of other files than the report, or a rule names an output that there is not.
 */
export function gate(report: Report, beside: PrintedEvaluation | null, rules: Rules): Gate {
  if (beside) assertSame(report, beside);
  const evaluation = beside ?? report.evaluation;
  const checks = [
    accuracyCheck("maxTop1Drop", rules.maxTop1Drop, evaluation, evaluation?.top1 ?? null),
    accuracyCheck("maxTop5Drop", rules.maxTop5Drop, evaluation, evaluation?.top5 ?? null),
    perplexityCheck(rules.maxPerplexityRise, evaluation),
    ...sqnrChecks(rules.minSqnr, report, evaluation),
    bytesCheck(rules.maxBytes, report),
    sizeCheck(rules.maxSizeRatio, report),
    latencyCheck(rules.maxLatencyRatio, evaluation),
    integerCheck(rules.minIntegerShare, report),
  ].filter((check) => check !== null);
  return { model: report.model.name, passed: checks.every(({ state }) => state === "passed"), checks };
}

/** Bytes of the quantized model, with its weights where these stand in a file beside it. */
function bytesOf({ files }: Report): number | null {
  const model = files.find(({ name }) => name.endsWith(".onnx"));
  if (!model) return null;
  return files.filter(({ name }) => name.startsWith(model.name)).reduce((sum, { bytes }) => sum + bytes, 0);
}

/** A file of as many bytes may be another: a model of Octet's says what it was made of, and is a function of that. */
function assertSame(report: Report, { bytes, origin }: PrintedEvaluation): void {
  const quantized = bytesOf(report);
  const recipe = report.files.find(({ name }) => name.endsWith(".recipe.json"))?.sha256;
  if (origin && (origin.source !== report.model.sha256 || (recipe !== undefined && origin.recipe !== recipe))) {
    const what = origin.source === report.model.sha256 ? "by another recipe" : "of another model";
    throw new InputError(
      `The evaluation is of a file that was made ${what} than that of the report; evaluate the model that it was written with.`,
    );
  }
  if (bytes.float === report.model.bytes && bytes.quantized === quantized) return;
  throw new InputError(
    `The evaluation is of other files (${byteSize(bytes.float)} and ${byteSize(bytes.quantized)}) than the report (${byteSize(report.model.bytes)} and ${quantized === null ? "no model" : byteSize(quantized)}); evaluate the model that it was written with.`,
  );
}

interface Held {
  readonly rule: RuleName;
  readonly output?: string;
  readonly limit: number;
  readonly value: number;
  readonly isKept: boolean;
  readonly sentence: string;
}

function held({
  rule,
  output = null,
  limit,
  value,
  isKept,
  sentence,
}: Omit<Held, "output"> & { output?: string | null }): GateCheck {
  return { rule, output, limit, value, sentence, state: isKept ? "passed" : "failed" };
}

function missed(rule: RuleName, limit: number, sentence: string, output: string | null = null): GateCheck {
  return { rule, output, limit, value: null, sentence, state: "missed" };
}

/** Two figures in words; in more digits where those would be the same words and the figures are not. */
function apart(
  value: number,
  limit: number,
  words: (figure: number) => string,
  unit: string,
): readonly [string, string] {
  const [a, b] = [words(value), words(limit)];
  if (a !== b || value === limit) return [a, b];
  const precise = (figure: number) => `${Number(figure.toPrecision(PRECISE))}${unit}`;
  return [precise(value), precise(limit)];
}

const UNEVALUATED =
  "the report holds no evaluation; give one with --evaluation FILE, as octet evaluate --json writes it";

function accuracyCheck(
  rule: "maxTop1Drop" | "maxTop5Drop",
  limit: number | undefined,
  evaluation: Evaluation | null,
  accuracy: Accuracy | null,
): GateCheck | null {
  if (limit === undefined) return null;
  const name = rule === "maxTop1Drop" ? "Top-1" : "Top-5";
  if (!evaluation) return missed(rule, limit, `${name} was not judged: ${UNEVALUATED}.`);
  if (!accuracy) {
    return missed(rule, limit, `${name} was not measured: ${withoutAccuracy(evaluation)}.`);
  }
  const { float, quantized, drop, interval } = accuracy;
  const [low, high] = interval;
  const figures = `${percent(float)} in float, ${percent(quantized)} quantized, on ${plural(evaluation.labelled, "labelled sample")}; the drop's 95 % interval is ${pointsOf(low)} to ${pointsOf(high)}`;
  const value = 100 * drop;
  const [by, allowed] = apart(Math.abs(value), limit, (points) => pointsOf(points / 100), " pt");
  const moved = drop < 0 ? `rose by ${by}` : `dropped by ${by}`;
  return held({
    rule,
    limit,
    value,
    isKept: isAtMost(value, limit),
    sentence: `${name} ${moved}, ${allowed} allowed (${figures}).`,
  });
}

function withoutAccuracy({ labelled, top1 }: Evaluation): string {
  if (top1) return "of five classes or fewer the right one is always among the first five";
  return labelled > 0 ? "there are no class scores that mean something" : "no sample has a label";
}

function perplexityCheck(limit: number | undefined, evaluation: Evaluation | null): GateCheck | null {
  const rule = "maxPerplexityRise";
  if (limit === undefined) return null;
  if (!evaluation) return missed(rule, limit, `Perplexity was not judged: ${UNEVALUATED}.`);
  if (!evaluation.perplexity)
    return missed(rule, limit, "Perplexity was not measured: the model gives no scores of next tokens.");
  const { float, quantized, rise, tokens } = evaluation.perplexity;
  const value = 100 * rise;
  const [more, allowed] = apart(value, limit, (share) => `${significant(share)} %`, " %");
  return held({
    rule,
    limit,
    value,
    isKept: isAtMost(value, limit),
    sentence: `Perplexity is ${significant(quantized)} for ${significant(float)} in float, ${more} more, ${allowed} allowed (${plural(tokens, "next token")}).`,
  });
}

function sqnrChecks(rule: Rules["minSqnr"], report: Report, evaluation: Evaluation | null): readonly GateCheck[] {
  if (rule === undefined) return [];
  const limits = typeof rule === "number" ? { [OTHERS]: rule } : rule;
  const outputs = report.model.outputs.map(({ name }) => name);
  const unknown = Object.keys(limits).find((name) => name !== OTHERS && !outputs.includes(name));
  if (unknown !== undefined) {
    throw new InputError(`The rule minSqnr names output "${unknown}", and the model's are ${outputs.join(", ")}.`);
  }
  return outputs.flatMap((name) => {
    const limit = own(limits, name) ?? own(limits, OTHERS);
    return limit === undefined ? [] : [sqnrCheck(name, limit, evaluation)];
  });
}

function sqnrCheck(name: string, limit: number, evaluation: Evaluation | null): GateCheck {
  const rule = "minSqnr";
  if (!evaluation) return missed(rule, limit, `The SQNR of ${name} was not judged: ${UNEVALUATED}.`, name);
  const value = evaluation.outputs.find((output) => output.name === name)?.sqnr ?? null;
  if (value === null || Number.isNaN(value)) {
    return missed(
      rule,
      limit,
      `Output ${name} has no SQNR: it is of no floats that mean something in the float model.`,
      name,
    );
  }
  const [has, wanted] = apart(value, limit, decibel, " dB");
  return held({
    rule,
    output: name,
    limit,
    value,
    isKept: isAtMost(limit, value),
    sentence: `Output ${name} has ${has}, ${wanted} wanted (${plural(evaluation.samples, "sample")}).`,
  });
}

function bytesCheck(limit: number | undefined, report: Report): GateCheck | null {
  const rule = "maxBytes";
  if (limit === undefined) return null;
  const value = bytesOf(report);
  if (value === null) return missed(rule, limit, "The report names no model file.");
  const [takes, allowed] = apart(value, limit, byteSize, " bytes");
  const sentence = `The quantized model takes ${takes}, ${allowed} allowed.`;
  return held({ rule, limit, value, isKept: value <= limit, sentence });
}

function sizeCheck(limit: number | undefined, report: Report): GateCheck | null {
  const rule = "maxSizeRatio";
  if (limit === undefined) return null;
  const bytes = bytesOf(report);
  if (bytes === null) return missed(rule, limit, "The report names no model file.");
  const value = bytes / report.model.bytes;
  const [takes, allowed] = apart(value, limit, significant, "");
  const sentence = `The quantized model takes ${takes} of the float model's bytes (${byteSize(bytes)} of ${byteSize(report.model.bytes)}), ${allowed} allowed.`;
  return held({ rule, limit, value, isKept: isAtMost(value, limit), sentence });
}

function latencyCheck(limit: number | undefined, evaluation: Evaluation | null): GateCheck | null {
  const rule = "maxLatencyRatio";
  if (limit === undefined) return null;
  if (!evaluation) return missed(rule, limit, `Latency was not judged: ${UNEVALUATED}.`);
  const { float, quantized, runs, threads, runtime, machine } = evaluation.latency;
  const value = quantized.p50 / float.p50;
  if (!Number.isFinite(value)) return missed(rule, limit, "Latency was not measured.");
  const [takes, allowed] = apart(value, limit, significant, "");
  const sentence = `The median run takes ${takes} of float's time (${significant(quantized.p50)} ms of ${significant(float.p50)} ms), ${allowed} allowed (${plural(runs, "run")}, ${plural(threads, "thread")} of ${runtime} on ${machine}).`;
  return held({ rule, limit, value, isKept: isAtMost(value, limit), sentence });
}

function integerCheck(limit: number | undefined, { model: { layers, floatKernels } }: Report): GateCheck | null {
  const rule = "minIntegerShare";
  if (limit === undefined) return null;
  if (!floatKernels)
    return missed(rule, limit, "The report is of before it said which layers are computed in float; write it anew.");
  if (layers.length === 0) return missed(rule, limit, "The model has no layer.");
  const isInFloat = new Set(floatKernels);
  const integer = layers.filter(({ id, precision }) => /^u?int/.test(precision) && !isInFloat.has(id));
  const value = integer.length / layers.length;
  const [computed, wanted] = apart(100 * value, 100 * limit, (share) => percent(share / 100), " %");
  const sentence = `${integer.length} of ${plural(layers.length, "layer")} are computed in integers (${computed}), ${wanted} wanted.`;
  return held({ rule, limit, value, isKept: isAtMost(limit, value), sentence });
}

/** Floating-point figures that are worked out otherwise may differ in the last bits from a limit that they reach. */
function isAtMost(value: number, limit: number): boolean {
  return value <= limit + 1e-9 * Math.max(1, Math.abs(limit));
}
