import {
  about,
  count,
  fields,
  flag,
  having,
  integer,
  list,
  maybe,
  nullable,
  number,
  type Of,
  oneOf,
  text,
  tuple,
} from "../schema/define.ts";
import { plural, count as written } from "../values/figures.ts";
import { percent } from "../values/shares.ts";
import { CLIPPED } from "./clipped.ts";
import { NOTICE, type Notice } from "./job.ts";

export const ACCURACY = about(
  "Shares, 0..1, of the same samples.",
  fields({
    float: number,
    quantized: number,
    drop: about("float - quantized.", number),
    interval: about(
      "The 95 % confidence interval of the drop, paired by sample.",
      tuple([number, number], "a list of two numbers"),
    ),
  }),
);
export type Accuracy = Of<typeof ACCURACY>;

const RIGHT = {
  samples: about("With labels.", count),
  float: about("Whose label the float model has as its largest score.", count),
  quantized: about("Whose label the quantized model has so.", count),
};
const CLASS_RIGHT = fields({
  class: about("The label's number.", count),
  name: about("What the data calls it; null where it does not.", nullable(text)),
  ...RIGHT,
});
/** How many samples of a class are right. */
export type ClassRight = Of<typeof CLASS_RIGHT>;

const BAND_RIGHT = fields({
  from: about("The least probability that the float model's softmax gives its answer, 0..1.", number),
  to: about("What that probability is below, or at most where it is 1.", number),
  ...RIGHT,
  same: about("Whose largest score is of the same class in both models, right or not.", count),
});
/** How many samples are right of those that the float model is about as sure of. */
export type BandRight = Of<typeof BAND_RIGHT>;

const OUTPUT_PART = fields({
  axis: count,
  channels: about(
    "First and last of each run of channels along the axis.",
    list(tuple([count, count], "a list of two numbers")),
  ),
  largest: about("The largest magnitude in the float model.", number),
  sqnr: about("Of these channels, dB.", number),
});
export type OutputPart = Of<typeof OUTPUT_PART>;
export const PERPLEXITY = about(
  "exp of the mean negative log-likelihood of the next token, over the same tokens; lower is better.",
  fields({
    output: about("What holds the scores.", text),
    tokens: about("Next tokens that were judged.", count),
    float: number,
    quantized: number,
    rise: about("quantized / float - 1, a share.", number),
    interval: about(
      "The 95 % confidence interval of the rise, paired by row of tokens; null for a single row.",
      nullable(tuple([number, number], "a list of two numbers")),
    ),
  }),
);
export type Perplexity = Of<typeof PERPLEXITY>;

/**
 * How close a quantized output is to the float one, over all samples. Agreement, SQNR, cosine and KL are null where they would mean
 * nothing: the float output is one value, the same in every sample, or nowhere finite, or no pair of values is finite in both.
 */
const OUTPUT_ERROR = fields({
  name: text,
  agreement: about(
    "Share of rows whose largest element is the same. A row is what lies along the last axis longer than 1; null where no axis is, or no row is finite in both models.",
    nullable(number),
  ),
  sqnr: about("dB; of the worst part, where there are parts.", nullable(number)),
  parts: about(
    "Channels whose values are more than 16x as large as others', such as boxes beside scores, have errors of their own, the smallest values first; empty where all are of one size.",
    list(OUTPUT_PART),
  ),
  mse: number,
  mae: number,
  cosine: nullable(number),
  kl: about(
    "Mean KL(softmax(float) || softmax(quantized)) of a row in nats, of the rows themselves where they are probabilities; null where agreement is.",
    nullable(number),
  ),
  nonFinite: about(
    "Pairs of values left out because one is NaN or infinite; agreement and KL leave out their whole rows.",
    count,
  ),
});
export type OutputError = Of<typeof OUTPUT_ERROR>;

/** How an output compares that no SQNR is given of. */
const OTHER_OUTPUT = fields({
  name: text,
  kind: about(
    "Rows: as many as data decides, compared as sets. Values: integers, truth values or texts. Skipped: no tensor, so that it is not compared.",
    oneOf(["rows", "values", "skipped"]),
  ),
  float: about("Rows or values that the float model gave, of all samples.", count),
  quantized: about("Those that the quantized model gave.", count),
  same: about(
    "Share of values that are equal; of rows, the share in both models that have a counterpart in the other: no value of integers differs, or none of floats by more than 5 % of the largest of its column. Null where there are too many, and of what is skipped.",
    nullable(number),
  ),
});
export type OtherOutput = Of<typeof OTHER_OUTPUT>;

/**
 * Classes of which the quantized model has fewer right than the float one: first those that lose the most samples, of these
 * the smallest.
 */
export function losingClasses(byClass: readonly ClassRight[]): readonly ClassRight[] {
  const lost = ({ float, quantized }: ClassRight) => float - quantized;
  return byClass
    .filter((one) => lost(one) > 0)
    .toSorted((a, b) => lost(b) - lost(a) || a.samples - b.samples || a.class - b.class);
}

export function classText({ class: label, name }: ClassRight): string {
  return name === null ? `class ${label}` : `${name} (${label})`;
}

export function bandText({ from, to }: BandRight): string {
  const least = `${100 * from} %`;
  if (to === 1) return `${least} sure or more`;
  const most = `${100 * to} %`;
  return from === 0 ? `below ${most} sure` : `${least} to ${most} sure`;
}

/** The float figure comes first. */
export function rightText({ samples, float, quantized }: ClassRight | BandRight): string {
  return `${written(float)}, ${written(quantized)} of ${written(samples)} right`;
}

/** How such an output compares, in words. */
export function otherText({ kind, float, quantized, same }: OtherOutput): string {
  if (kind === "skipped") return "no tensor, so it is not compared";
  if (kind === "values") return `${percent(same ?? 0)} of ${plural(float, "value")} equal`;
  const matched = same === null ? "too many to be matched" : `${percent(same)} with a counterpart in the other`;
  return `${plural(float, "row")} in float, ${written(quantized)} quantized; ${matched}`;
}

/** Milliseconds a run of one sample. */
const LATENCY = fields({
  p50: number,
  p95: number,
  p99: maybe(about("Absent in reports from before it was kept.", number)),
  start: maybe(
    about("From the file to the end of the first run, the load included; absent where it was not measured.", number),
  ),
});
export type Latency = Of<typeof LATENCY>;

const THROUGHPUT = fields({
  batch: about("Samples of one run.", integer(1)),
  float: about("Samples a second.", number),
  quantized: about("Samples a second.", number),
});
export type Throughput = Of<typeof THROUGHPUT>;

export const EVALUATION = fields({
  samples: count,
  labelled: count,
  top1: about(
    "Null without labels, without class scores, and where these mean nothing in the float model.",
    nullable(ACCURACY),
  ),
  top5: nullable(ACCURACY),
  byClass: maybe(
    about("Of top-1, by the label's class, those with labels alone; absent where top1 is null.", list(CLASS_RIGHT)),
  ),
  byConfidence: maybe(
    about(
      "Of top-1, by how sure the float model is, bands with samples alone; absent where top1 is null.",
      list(BAND_RIGHT),
    ),
  ),
  perplexity: about(
    "Of the next tokens: null where the model takes no token ids or gives no scores for each, and where these mean nothing in the float model.",
    nullable(PERPLEXITY),
  ),
  verdict: about(
    "The drop of top-1 allowed, or where there is none the rise of perplexity, as a share, and whether it was kept.",
    nullable(fields({ limit: number, passed: flag })),
  ),
  outputs: about("Those of floats that are compared value by value.", list(OUTPUT_ERROR)),
  others: maybe(about("The other outputs; absent where there are none.", list(OTHER_OUTPUT))),
  bytes: fields({ float: count, quantized: count }),
  latency: fields({
    float: LATENCY,
    quantized: LATENCY,
    runs: count,
    runtime: text,
    machine: text,
    threads: count,
  }),
  throughput: maybe(
    about(
      "By batch, on the same threads; absent where it was not measured, or the model takes one sample at a time.",
      list(THROUGHPUT),
    ),
  ),
  memory: maybe(
    about(
      "Bytes that opening each and running one sample take at their peak, in a process of its own, beyond those of its files; ONNX Runtime's own code is in both. Absent where it was not measured: in a tab, and in processes of other systems than Linux.",
      fields({ float: count, quantized: count }),
    ),
  ),
  clipped: maybe(
    about(
      "How much of each activation the clip ranges cut off on these samples, in graph order; absent in formats without such ranges, and where it was not counted.",
      list(CLIPPED),
    ),
  ),
  notices: list(NOTICE),
});
export type Evaluation = Of<typeof EVALUATION>;

const ORIGIN = about(
  "SHA-256 of the source and of the recipe that the quantized file says it was made of; null where it says nothing.",
  nullable(fields({ source: text, recipe: text })),
);

/** One with other things said beside it. */
export const PRINTED_EVALUATION = having({ ...EVALUATION.entries, origin: maybe(ORIGIN) });
export type PrintedEvaluation = Evaluation & { readonly origin?: Of<typeof ORIGIN> | undefined };

/** A recipe measured on a few samples, on the very bytes that would be exported: quick, and coarse. */
export interface Probe {
  readonly samples: number;
  /** The output compared: the first of class scores, else the first of all, of those that mean something where any does. */
  readonly output: string;
  /** dB; as of an OutputError. */
  readonly sqnr: number | null;
  /** As of an OutputError. */
  readonly agreement: number | null;
  readonly kl: number | null;
  /** Top-1 of float less top-1 of quantized, as a share; null where the accuracy of an Evaluation is. */
  readonly drop: number | null;
  /** Of the quantized file. */
  readonly bytes: number;
  readonly seconds: number;
  /** Of outputs that mean nothing. */
  readonly notices: readonly Notice[];
}

const COSTS: readonly string[] = ["file size", "latency"];

/** Whether a notice of an evaluation stands against what its verdict goes by, and not against what the file costs. */
export function isAgainstVerdict({ kind, subject }: Notice): boolean {
  return kind === "warning" && !COSTS.includes(subject);
}
