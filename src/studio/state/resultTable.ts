import { clippedName, mostClipped } from "../../engine/model/clipped.ts";
import { settingsOf } from "../../engine/model/comparison.ts";
import type { Accuracy, Evaluation } from "../../engine/model/evaluation.ts";
import type { Recipe } from "../../engine/model/recipe.ts";
import { own } from "../../engine/model/record.ts";
import { sameValue } from "../../engine/recipe/text.ts";
import { count, plural, significant } from "../../engine/values/figures.ts";
import { percent, pointsOf } from "../../engine/values/shares.ts";
import { byteSize, decibel, duration } from "../../engine/values/units.ts";
import type { Word } from "../words.ts";
import { isOwn, type StoredResult } from "./stored.ts";

export interface Cell {
  readonly text: string;
  /** What stands below it, smaller. */
  readonly note: string | null;
  /** Best of those that can be compared. */
  readonly best: boolean;
  /** A setting that is another than the first result's. */
  readonly differs: boolean;
  /** Not to be compared with the first result's as if equal. */
  readonly unlike: boolean;
}

export interface TableRow {
  readonly key: string;
  readonly label: string;
  /** The word to be explained, where the label has one. */
  readonly word: Word | null;
  readonly cells: readonly Cell[];
}

export interface Unlike {
  readonly samples: boolean;
  readonly machine: boolean;
}

const NAMED = 3;
const PLAIN = { note: null, best: false, differs: false, unlike: false };
/** Settings that a file of another tool tells, by its recovered recipe. */
const TOLD_BY_FILES = new Set([
  "format",
  "activations",
  "weights",
  "weights of other types",
  "layers in float",
  "layers in float but for their weights",
  "weights of layers in float",
]);
/** What a file does not tell. */
const UNTOLD: Cell = { ...PLAIN, text: "not told by the file" };

/** In what a result was measured otherwise than another, so that their figures are not to be compared as if equal. */
export function unlike(result: StoredResult, reference: StoredResult): Unlike {
  const samples = (entry: StoredResult) =>
    JSON.stringify([entry.fingerprint, entry.samples, entry.evaluation.samples, entry.evaluation.labelled]);
  return {
    samples: samples(result) !== samples(reference),
    machine: machineOf(result.evaluation) !== machineOf(reference.evaluation),
  };
}

function machineOf({ latency }: Evaluation): string {
  return `${latency.runtime}, ${plural(latency.threads, "thread")}, ${latency.machine}`;
}

/**
 * The settings in which results differ. The first result of a recipe here is what the others are held against; a file has what its
 * recovered recipe says of it.
 */
export function settingRows(results: readonly StoredResult[]): readonly TableRow[] {
  const first = results.find(isOwn) ?? results.find(({ recipe }) => recipe !== null);
  if (!first?.recipe) return [];
  const reference = first.recipe;
  const settings = results.map(({ recipe }) => recipe && settingsOf(recipe));
  const rows = settingsOf(reference).map(({ name, list, values }, i): TableRow => {
    const isTold = (result: StoredResult) => isOwn(result) || TOLD_BY_FILES.has(name);
    const all = settings.map((each, at) => (each && isTold(results[at]!) ? each[i]!.values : null));
    const shared = new Set(values.filter((value) => all.every((others) => !others || others.includes(value))));
    const held = [...values].sort().join("\n");
    const cells = all.map((own): Cell => {
      if (!own) return UNTOLD;
      const text = list ? entriesText(own, own.filter((value) => !shared.has(value)).sort()) : own[0]!;
      return { ...PLAIN, text, differs: [...own].sort().join("\n") !== held };
    });
    return row(name, cells);
  });
  const parts = (name: string, noun: string, of: (recipe: Recipe) => Parts) =>
    row(
      name,
      results.map((result) => (isOwn(result) ? partsCell(of(result.recipe), of(reference), noun) : UNTOLD)),
    );
  const calibrated = isOwn(first) ? first.calibration.fingerprint : null;
  const observed = row(
    "calibrated on",
    results.map((result) => {
      if (!isOwn(result)) return UNTOLD;
      const differs = result.calibration.fingerprint !== calibrated;
      const text = plural(result.calibration.observed, "sample");
      return { ...PLAIN, text, note: differs ? "another calibration" : null, differs };
    }),
  );
  const settled = row(
    "settled ranges",
    results.map(({ recipe }) => (recipe ? partsCell(recipe.resolved, reference.resolved, "range") : UNTOLD)),
  );
  return [
    ...rows,
    parts("equalization factors", "tensor", ({ factors }) => factors),
    parts("learned biases", "layer", ({ biases }) => biases),
    parts("learned rounding", "layer", ({ rounding }) => rounding),
    parts("codes found on samples", "layer", ({ codes }) => codes ?? null),
    observed,
    settled,
  ].filter(({ cells }) => cells.some(({ differs }) => differs));
}

type Parts = Readonly<Record<string, unknown>> | null;

function row(name: string, cells: readonly Cell[]): TableRow {
  return { key: name, label: name, word: null, cells };
}

/** How many entries a list has, and which of them not every result has. */
function entriesText(all: readonly string[], special: readonly string[]): string {
  if (all.length === 0) return "none";
  const left = special.length - NAMED;
  const named = left > 1 ? [...special.slice(0, NAMED), `${count(left)} more`] : special;
  return named.length === 0 ? count(all.length) : `${count(all.length)}: ${named.join(", ")}`;
}

/** How many parts a record has, and how many of them differ from the reference's. */
function partsCell(record: Parts, reference: Parts, noun: string): Cell {
  const names = [...new Set([...Object.keys(record ?? {}), ...Object.keys(reference ?? {})])];
  const differing = names.filter((name) => !sameValue(own(record ?? {}, name), own(reference ?? {}, name)));
  const total = Object.keys(record ?? {}).length;
  return {
    ...PLAIN,
    text: total === 0 ? "none" : plural(total, noun),
    note: differing.length > 0 ? `${count(differing.length)} other` : null,
    differs: differing.length > 0,
  };
}

interface Figure {
  readonly key: string;
  readonly label: string;
  readonly word: Word | null;
  readonly of: keyof Unlike | "file";
  /** Null where neither is. */
  readonly better: "high" | "low" | null;
  /** What the quantized model comes to. */
  readonly value: (evaluation: Evaluation) => number | null | undefined;
  readonly text: (evaluation: Evaluation) => string;
  readonly note?: (evaluation: Evaluation) => string | null;
}

/** What was measured, one row a figure; a figure that no result has is left out. */
export function figureRows(results: readonly StoredResult[]): readonly TableRow[] {
  const [first] = results;
  if (!first) return [];
  const others = results.map((result) => unlike(result, first));
  const names = [...new Set(results.flatMap(({ evaluation }) => evaluation.outputs.map(({ name }) => name)))];
  return [
    ...accuracyFigures(),
    perplexityFigure(),
    ...names.flatMap((name) => outputFigures(name, names.length > 1)),
    clippedFigure(),
    ...costFigures(),
  ]
    .filter(({ value }) => results.some(({ evaluation }) => value(evaluation) != null))
    .map((figure): TableRow => {
      const values = results.map(({ evaluation }) => figure.value(evaluation) ?? null);
      const apart = others.map((other) => figure.of !== "file" && other[figure.of]);
      const best = bestOf(
        values.filter((_, i) => !apart[i]),
        figure.better,
      );
      return {
        key: figure.key,
        label: figure.label,
        word: figure.word,
        cells: values.map((value, i) => ({
          text: value === null ? "–" : figure.text(results[i]!.evaluation),
          note: value === null ? null : (figure.note?.(results[i]!.evaluation) ?? null),
          best: !apart[i] && value !== null && value === best,
          differs: false,
          unlike: apart[i]!,
        })),
      };
    });
}

/** The best of several values; null where fewer than two can be compared, or all are the same. */
function bestOf(values: readonly (number | null)[], better: Figure["better"]): number | null {
  if (better === null) return null;
  const known = values.filter((value) => value !== null && !Number.isNaN(value)) as number[];
  const [low, high] = [Math.min(...known), Math.max(...known)];
  if (known.length < 2 || low === high) return null;
  return better === "high" ? high : low;
}

function accuracyFigures(): Figure[] {
  return (["top1", "top5"] as const).map((key): Figure => {
    const word = key === "top1" ? "top-1" : "top-5";
    return {
      ...{ key, label: word, word, of: "samples", better: "high" },
      value: (evaluation) => evaluation[key]?.quantized,
      text: (evaluation) => pairText(evaluation[key], percent),
      note: (evaluation) => evaluation[key] && dropText(evaluation[key]),
    };
  });
}

function perplexityFigure(): Figure {
  return {
    ...{ key: "perplexity", label: "perplexity", word: "perplexity", of: "samples", better: "low" },
    value: (evaluation) => evaluation.perplexity?.quantized,
    text: ({ perplexity }) =>
      perplexity ? `${significant(perplexity.float)} → ${significant(perplexity.quantized)}` : "–",
    note: (evaluation) => evaluation.perplexity && `rise ${percent(evaluation.perplexity.rise)}`,
  };
}

/** Float first, then quantized; a unit that both have is said once. */
function pairText(
  pair: { readonly float: number; readonly quantized: number } | null,
  text: (value: number) => string,
) {
  if (!pair) return "–";
  const [float, quantized] = [text(pair.float), text(pair.quantized)];
  const unit = float.slice(float.lastIndexOf(" "));
  return `${quantized.endsWith(unit) ? float.slice(0, -unit.length) : float} → ${quantized}`;
}

function dropText({ drop, interval }: Accuracy): string {
  const [low, high] = interval.map((share) => significant(share * 100));
  return `drop ${pointsOf(drop)} (95 %: ${low} to ${high})`;
}

function outputFigures(name: string, several: boolean): Figure[] {
  const of = (evaluation: Evaluation) => evaluation.outputs.find((output) => output.name === name);
  const figure = (word: "agreement" | "SQNR", show: (value: number) => string, value: Figure["value"]): Figure => ({
    ...{ key: `${name} ${word}`, word, of: "samples", better: "high", value },
    label: several ? `${word} of ${name}` : word,
    text: (evaluation) => show(value(evaluation)!),
  });
  return [
    figure("agreement", percent, (evaluation) => of(evaluation)?.agreement),
    figure("SQNR", decibel, (evaluation) => of(evaluation)?.sqnr),
  ];
}

/** Methods cut off outliers on purpose, so that none is the best. */
function clippedFigure(): Figure {
  const most = ({ clipped }: Evaluation) => clipped && mostClipped(clipped, 1)[0];
  return {
    ...{ key: "clipped", label: "clipped at most", word: "clipped", of: "samples", better: null },
    value: (evaluation) => evaluation.clipped && (most(evaluation)?.share ?? 0),
    text: (evaluation) => percent(most(evaluation)?.share ?? 0),
    note: (evaluation) => {
      const worst = most(evaluation);
      return worst ? clippedName(worst) : null;
    },
  };
}

function costFigures(): Figure[] {
  const times = (["p50", "p95"] as const).map((quantile): Figure => {
    const milliseconds = ({ latency: { float, quantized } }: Evaluation) => ({
      float: float[quantile],
      quantized: quantized[quantile],
    });
    return {
      ...{ key: quantile, label: `latency ${quantile}`, word: "latency", of: "machine", better: "low" },
      value: (evaluation) => milliseconds(evaluation).quantized,
      text: (evaluation) => pairText(milliseconds(evaluation), duration),
    };
  });
  return [
    {
      ...{ key: "size", label: "size", word: null, of: "file", better: "low" },
      value: ({ bytes }) => bytes.quantized,
      text: ({ bytes }) => pairText(bytes, byteSize),
      note: ({ bytes }) => `${significant(bytes.float / bytes.quantized)} times smaller`,
    },
    ...times,
  ];
}

/** What the figures were measured on. */
export function originRows(results: readonly StoredResult[]): readonly TableRow[] {
  const [first] = results;
  if (!first) return [];
  const others = results.map((result) => unlike(result, first));
  return [
    row(
      "samples",
      results.map(({ evaluation }, i) => ({
        ...PLAIN,
        text: count(evaluation.samples),
        note: `${count(evaluation.labelled)} labelled`,
        unlike: others[i]!.samples,
      })),
    ),
    row(
      "ran on",
      results.map(({ evaluation }, i) => ({
        ...PLAIN,
        text: `${evaluation.latency.runtime}, ${plural(evaluation.latency.threads, "thread")}`,
        note: evaluation.latency.machine,
        unlike: others[i]!.machine,
      })),
    ),
  ];
}
