import { dimsText } from "../values/dims.ts";
import { takesCodes, takesRanges, unscaledText } from "./format.ts";
import type { Notice } from "./job.ts";
import type { Preprocess } from "./preprocess.ts";
import type { Range, Scales } from "./range.ts";
import { type Recipe, roundingText, scalesOf } from "./recipe.ts";
import { DEFAULT_TARGET } from "./target.ts";

/** A setting of a recipe in words: one value, or the entries of a list whose order means nothing. */
export interface Setting {
  readonly name: string;
  readonly list: boolean;
  readonly values: readonly string[];
}

/** The values, or entries of a list, that a setting has on one side only. */
export interface SettingDifference {
  readonly name: string;
  readonly a: readonly string[];
  readonly b: readonly string[];
}

/** A figure of each side, null where it is not known, and b - a: 0 where both are the same, NaN and infinities too. */
export interface Change {
  readonly a: number | null;
  readonly b: number | null;
  readonly change: number | null;
}

export type FigureUnit = "share" | "dB" | "bytes" | "ms" | "nat" | "";

export interface FigureChange extends Change {
  readonly figure: string;
  readonly unit: FigureUnit;
  /** Why the two are not to be compared as if equal; null where they are. */
  readonly unlike: string | null;
  /** 95 % confidence intervals, where the figure has them. */
  readonly intervals: {
    readonly a: readonly [number, number] | null;
    readonly b: readonly [number, number] | null;
  } | null;
}

export interface RangeMove {
  readonly group: string;
  /** Null where the group has no range on that side. */
  readonly from: Range | null;
  readonly to: Range | null;
  /** How far the end that moved more has moved, as a share of the wider of the two ranges; null without both. */
  readonly relative: number | null;
}

/** What a report says that another does not. Equal reports give no settings, ranges, weights and estimates. */
export interface Comparison {
  readonly a: ComparedReport;
  readonly b: ComparedReport;
  readonly notices: readonly Notice[];
  readonly settings: readonly SettingDifference[];
  /** Tensors whose equalization factors differ. */
  readonly factors: readonly string[];
  /** Layers whose learned biases differ. */
  readonly biases: readonly string[];
  /** The settled ranges that differ, those that moved most first. */
  readonly ranges: readonly RangeMove[];
  /** Weights whose SQNR differs (dB), of the whole tensor and of the channel that loses most; largest change first. */
  readonly weights: readonly { readonly name: string; readonly sqnr: Change; readonly leastSqnr: Change }[];
  /** Range groups whose estimated SQNR differs (dB), largest change first. */
  readonly estimates: readonly { readonly group: string; readonly sqnr: Change }[];
  /** Every figure measured in one of them at least. */
  readonly figures: readonly FigureChange[];
}

export interface ComparedReport {
  readonly model: string;
  readonly sha256: string;
  readonly date: string;
  readonly tool: string;
}

/** A recipe's settings in words, in the order a person thinks of them; the ranges, factors, biases and rounding they came to are not in it. */
export function settingsOf(recipe: Recipe): readonly Setting[] {
  const { activations, weights, corrections, float, inputs } = recipe;
  const isCoded = takesCodes(recipe);
  return [
    one("target", recipe.target ?? DEFAULT_TARGET),
    one("format", recipe.format),
    one(
      "activations",
      takesRanges(recipe)
        ? `${activations.type}, ${activations.symmetric ? "symmetric" : "asymmetric"}${scalesText(activations)}`
        : isCoded
          ? unscaledText(recipe)
          : recipe.format,
    ),
    one("weights", isCoded ? `${weights.type}, ${scalesOf(weights)}${scalesText(weights)}` : recipe.format),
    many(
      "weights of other types",
      isCoded ? Object.entries(weights.layers ?? {}).map(([layer, type]) => `${layer}: ${type}`) : [],
    ),
    one("rounding", roundingText(weights)),
    one("equalization", corrections.equalization ? "on" : "off"),
    one("smoothing", corrections.smoothing ? "on" : "off"),
    one("bias correction", corrections.bias),
    one("ranges by", recipe.method),
    many(
      "own methods",
      Object.entries(recipe.methods).map(([group, method]) => `${group}: ${method}`),
    ),
    many("ranges by hand", Object.keys(recipe.ranges)),
    one("layers without weights", ELEMENTWISE_WORDS[recipe.elementwise]),
    many("decided to stay in float", recipe.unjoined ?? []),
    many("layers in 16 bits", recipe.wide ?? []),
    many("inputs and outputs", recipe.ends === "float16" ? ["float16"] : []),
    many("layers in float", float.layers),
    many("layers in float but for their weights", float.stored ?? []),
    many(
      "weights of layers in float",
      Object.entries(float.storedAs ?? {}).map(([layer, type]) => `${layer}: ${type}`),
    ),
    many("operators in float", float.operators),
    many("tensors in float", float.tensors),
    ...preprocessSettings(recipe.preprocess),
    one("samples taken", recipe.seed === null ? "by path" : `balanced, seed ${recipe.seed}`),
    many(
      "input shapes",
      Object.entries(inputs.shapes).map(([name, dims]) => `${name}: ${dimsText(dims)}`),
    ),
    many(
      "input values",
      Object.entries(inputs.values).map(([name, value]) => `${name}: ${value}`),
    ),
    many(
      "input states",
      Object.entries(inputs.state).map(([name, output]) => `${name}: ${output}`),
    ),
    many("quantized before", inputs.quantized === "fold" ? ["folded back to float32"] : []),
  ];
}

/** What is said of scales that are not free. */
function scalesText({ scales }: { readonly scales?: Scales }): string {
  return scales ? ", powers of two" : "";
}

const ELEMENTWISE_WORDS = { auto: "decided on samples", join: "quantized", float: "in float" } as const;

function preprocessSettings(preprocess: Preprocess | null): Setting[] {
  const size = (value: number | readonly number[]) => (typeof value === "number" ? String(value) : value.join(" × "));
  const resize = preprocess?.resize;
  return [
    one("resize", resize ? `${resize.mode} ${size(resize.size)}` : "none"),
    one("crop", preprocess?.crop ? size(preprocess.crop) : "none"),
    one("pixels", preprocess ? `${preprocess.color}, ${preprocess.layout}` : "as they are"),
    one("pixel scale", preprocess ? String(preprocess.scale) : "as they are"),
    one("mean", preprocess ? preprocess.mean.join(", ") : "as they are"),
    one("std", preprocess ? preprocess.std.join(", ") : "as they are"),
  ];
}

function one(name: string, value: string): Setting {
  return { name, list: false, values: [value] };
}

function many(name: string, values: readonly string[]): Setting {
  return { name, list: true, values };
}
