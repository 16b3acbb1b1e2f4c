import type { Change, FigureChange, FigureUnit } from "../model/comparison.ts";
import type { Accuracy, Evaluation, Perplexity } from "../model/evaluation.ts";
import type { Report } from "../model/report.ts";
import { sameValue } from "../recipe/text.ts";
import { channelsText } from "../values/channels.ts";
import { quantizedName } from "./fileNames.ts";

interface Figure {
  readonly figure: string;
  readonly unit: FigureUnit;
  /** What it depends on beside the settings. */
  readonly of: "samples" | "machine" | "file";
  readonly value: number;
  readonly interval?: readonly [number, number];
}

/** Two figures and b - a; 0 where both are the same number, NaN and infinities included. */
export function changeOf(a: number | undefined, b: number | undefined): Change {
  const known = a !== undefined && b !== undefined;
  return {
    a: a ?? null,
    b: b ?? null,
    change: known ? (a === b || (Number.isNaN(a) && Number.isNaN(b)) ? 0 : b - a) : null,
  };
}

/** Every figure of two reports side by side; those of only one of them have null on the other side. */
export function compareFigures(a: Report, b: Report): FigureChange[] {
  const [left, right] = [figuresOf(a), figuresOf(b)];
  const other = new Map(right.map((figure) => [figure.figure, figure]));
  const unlike = a.evaluation && b.evaluation ? unlikeness(a, b, a.evaluation, b.evaluation) : null;
  const known = new Set(left.map(({ figure }) => figure));
  const join = (from: Figure | undefined, to: Figure | undefined): FigureChange => {
    const { figure, unit, of } = (from ?? to)!;
    const intervals = { a: from?.interval ?? null, b: to?.interval ?? null };
    return {
      figure,
      unit,
      ...changeOf(from?.value, to?.value),
      unlike: of === "file" || !from || !to ? null : (unlike?.[of] ?? null),
      intervals: intervals.a || intervals.b ? intervals : null,
    };
  };
  return [
    ...left.map((figure) => join(figure, other.get(figure.figure))),
    ...right.filter(({ figure }) => !known.has(figure)).map((figure) => join(undefined, figure)),
  ];
}

function figuresOf({ evaluation, files, model, recipe }: Report): Figure[] {
  const names = [true, false].map((hasBlocks) => quantizedName(model, recipe, hasBlocks));
  const exported = files.find(({ name }) => names.includes(name));
  const size: Figure[] = [
    { figure: "size, float", unit: "bytes", of: "file", value: model.bytes },
    ...(exported ? [{ figure: "size, quantized", unit: "bytes", of: "file", value: exported.bytes } as const] : []),
  ];
  if (!evaluation) return size;
  const { top1, top5, outputs, latency } = evaluation;
  const several = outputs.length > 1;
  const closeness = outputs.flatMap(({ name, agreement, sqnr, parts, mse, mae, cosine, kl, nonFinite }): Figure[] => {
    const figure = (what: string, unit: FigureUnit, value: number | null): Figure[] =>
      value === null ? [] : [{ figure: several ? `${name}: ${what}` : what, unit, of: "samples", value }];
    return [
      ...figure("agreement", "share", agreement),
      ...figure("SQNR", "dB", sqnr),
      ...parts.flatMap((part) => figure(`SQNR of ${channelsText(part.channels, part.largest)}`, "dB", part.sqnr)),
      ...figure("MSE", "", mse),
      ...figure("MAE", "", mae),
      ...figure("cosine", "", cosine),
      ...figure("KL", "nat", kl),
      ...figure("not finite", "", nonFinite),
    ];
  });
  const times = (["p50", "p95"] as const).flatMap((quantile): Figure[] => [
    { figure: `latency ${quantile}, float`, unit: "ms", of: "machine", value: latency.float[quantile] },
    { figure: `latency ${quantile}, quantized`, unit: "ms", of: "machine", value: latency.quantized[quantile] },
  ]);
  return [
    ...accuracyFigures("top-1", top1),
    ...accuracyFigures("top-5", top5),
    ...perplexityFigures(evaluation.perplexity),
    ...closeness,
    ...size,
    ...times,
  ];
}

function accuracyFigures(name: string, accuracy: Accuracy | null): Figure[] {
  if (!accuracy) return [];
  const { float, quantized, drop, interval } = accuracy;
  return [
    { figure: `${name}, float`, unit: "share", of: "samples", value: float },
    { figure: `${name}, quantized`, unit: "share", of: "samples", value: quantized },
    { figure: `${name}, drop`, unit: "share", of: "samples", value: drop, interval },
  ];
}

function perplexityFigures(perplexity: Perplexity | null): Figure[] {
  if (!perplexity) return [];
  const { float, quantized, rise, interval } = perplexity;
  return [
    { figure: "perplexity, float", unit: "", of: "samples", value: float },
    { figure: "perplexity, quantized", unit: "", of: "samples", value: quantized },
    { figure: "perplexity, rise", unit: "share", of: "samples", value: rise, ...(interval && { interval }) },
  ];
}

function unlikeness(
  a: Report,
  b: Report,
  left: Evaluation,
  right: Evaluation,
): Record<"samples" | "machine", string | null> {
  const sameModel = a.model.sha256 === b.model.sha256;
  const where = ({ latency }: Evaluation) => `${latency.runtime}, ${latency.threads} threads, ${latency.machine}`;
  return {
    samples: otherSamples(left, right, sameModel && sameValue(a.recipe.preprocess, b.recipe.preprocess)),
    machine:
      where(left) === where(right)
        ? null
        : `Latency was measured in different places (A: ${where(left)}; B: ${where(right)}), so it is not to be compared.`,
  };
}

/** A report does not name the samples it was measured on; their numbers and what the float model makes of them tell. */
function otherSamples(a: Evaluation, b: Evaluation, sameFloat: boolean): string | null {
  const counts = ({ samples, labelled }: Evaluation) => `${samples} samples, ${labelled} labelled`;
  if (counts(a) !== counts(b)) {
    return `The reports were measured on different samples (A: ${counts(a)}; B: ${counts(b)}), so accuracy and errors are not to be compared as if equal.`;
  }
  if (!sameFloat) {
    return "The float models or their preprocessing differ, so accuracy and errors are not those of the settings alone.";
  }
  const differs = (task: "top1" | "top5" | "perplexity") =>
    (changeOf(a[task]?.float, b[task]?.float).change ?? 0) !== 0;
  const what = differs("top1") || differs("top5") ? "accuracy" : differs("perplexity") ? "perplexity" : null;
  return what
    ? `The float model's ${what} differs, so samples, labels or runtime do too: accuracy and errors are not to be compared as if equal.`
    : null;
}
