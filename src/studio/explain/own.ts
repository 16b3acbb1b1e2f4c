import type { GroupFigures, WeightAnalysis } from "../../engine/model/analysis.ts";
import type { Evaluation } from "../../engine/model/evaluation.ts";
import type { Recipe } from "../../engine/model/recipe.ts";
import { activationBits } from "../../engine/values/codes.ts";
import { count, interval, plural, significant, significantTo } from "../../engine/values/figures.ts";
import { percent } from "../../engine/values/shares.ts";
import { decibel } from "../../engine/values/units.ts";
import type { Word } from "../words.ts";

/** What a word can be shown on: the open model and the selected tensor. */
export interface Own {
  readonly recipe: Recipe | null;
  /** The tensor that the selected layer's range belongs to, its estimated figures and who shares them. */
  readonly tensor: string | null;
  readonly figures: GroupFigures | null;
  readonly members: readonly string[];
  readonly evaluation: Evaluation | null;
  /** Whether the recipe or the data changed since the evaluation. */
  readonly stale: boolean;
  readonly layers: { readonly all: number; readonly quantized: number; readonly groups: number };
  readonly observed: number | null;
}

type Known = Own & { readonly tensor: string; readonly figures: GroupFigures };

/** A word on the person's own tensor and results, in sentences; none where there is nothing to show it on. */
export function ownLines(word: Word, own: Own): readonly string[] {
  const { tensor, figures } = own;
  const onTensor = tensor !== null && figures ? ON_TENSOR[word]?.({ ...own, tensor, figures }) : null;
  return [onTensor, ON_RESULTS[word]?.(own)].filter((line) => line != null);
}

const ON_TENSOR: Partial<Record<Word, (known: Known) => string | null>> = {
  scale({ tensor, figures: { figures } }) {
    const { scale, zeroPoint, range } = figures;
    const value = example(range.high >= -range.low ? range.high : range.low);
    const steps = Math.round(value / scale);
    const stored =
      zeroPoint === 0 ? count(steps) : `${count(steps)} + ${count(zeroPoint)} = ${count(steps + zeroPoint)}`;
    return `One step of ${tensor} is ${significant(scale)}, so ${significantTo(value, 1)} is stored as ${stored}.`;
  },
  "zero point"({ tensor, recipe, figures: { figures } }) {
    const { zeroPoint, range } = figures;
    if (recipe?.activations.symmetric) return `${tensor} has zero point ${count(zeroPoint)}, as all symmetric ranges.`;
    if (range.low >= 0) return `${tensor} has zero point ${count(zeroPoint)}, since nothing in its range is below 0.`;
    return `In ${tensor} the integer ${count(zeroPoint)} stands for 0, since its range begins at ${significant(range.low)}.`;
  },
  "clip range": clipping,
  clipped: clipping,
  "bit depth"({ tensor, figures: { figures, type } }) {
    const { range, scale } = figures;
    if (type === "float8") {
      return `${tensor} is float8: 253 values, the denser the nearer to 0, for ${interval(range)}.`;
    }
    const bits = activationBits(type);
    return `${tensor} is ${type}: ${bits} bits are ${count(2 ** bits)} integers, ${significant(scale)} apart, for ${interval(range)}.`;
  },
  SQNR({ tensor, figures: { figures } }) {
    return `${tensor}: ${decibel(figures.sqnr)}${share(figures.sqnr)}, estimated.`;
  },
  MSE({ tensor, figures: { figures } }) {
    return `${tensor}: the typical error, the root of ${significant(figures.mse)}, is ${significant(Math.sqrt(figures.mse) / figures.scale)} of one step, estimated.`;
  },
  "effective bits"({ tensor, figures: { figures, type } }) {
    return `${tensor} uses its ${activationBits(type)} bits as well as an ideal quantizer of ${significant(figures.effectiveBits)} bits, estimated.`;
  },
  "range group"({ tensor, members }) {
    return members.length > 1 ? `${tensor} shares its scale with ${plural(members.length - 1, "other tensor")}.` : null;
  },
  KL({ tensor, figures: { source } }) {
    return source === "entropy" ? `The clip range of ${tensor} was chosen by the least KL.` : null;
  },
};

const ON_RESULTS: Partial<Record<Word, (own: Own) => string | null>> = {
  SQNR: (own) => onOutput(own, ({ sqnr }) => (sqnr === null ? null : `${decibel(sqnr)}${share(sqnr)}`)),
  KL: (own) => onOutput(own, ({ kl }) => (kl === null ? null : `${significant(kl)} nat a sample`)),
  agreement: (own) => onOutput(own, ({ agreement }) => (agreement === null ? null : percent(agreement))),
  "top-1": ({ evaluation, stale }) =>
    evaluation?.top1
      ? `Float ${percent(evaluation.top1.float)}, quantized ${percent(evaluation.top1.quantized)}, ${measured(evaluation.labelled, stale)}.`
      : null,
  QDQ: ({ recipe, layers }) =>
    recipe
      ? `In ${recipe.model.name} ${count(layers.quantized)} of ${plural(layers.all, "layer")} are quantized, around ${plural(layers.groups, "range")} for activations.`
      : null,
  calibration: ({ observed, recipe }) =>
    observed !== null && recipe ? `${recipe.model.name} has seen ${plural(observed, "sample")}.` : null,
};

/** What one scale for each channel, or for all, means for a weight. */
export function weightLine({ name, axis, block, channels }: WeightAnalysis): string | null {
  const reaches = channels.map(({ min, max, scale }, index) => ({
    index,
    scale,
    reach: Math.max(Math.abs(min), Math.abs(max)),
  }));
  const alive = reaches.filter(({ reach }) => reach > 0);
  const [first] = alive;
  if (!first || alive.length < 2) return null;
  const narrow = alive.reduce((least, entry) => (entry.reach < least.reach ? entry : least), first);
  const wide = alive.reduce((most, entry) => (entry.reach > most.reach ? entry : most), first);
  const spread = `${name}: channel ${narrow.index} reaches ±${significant(narrow.reach)}, channel ${wide.index} ±${significant(wide.reach)}, ${significant(wide.reach / narrow.reach)} times as far.`;
  if (block !== null)
    return `${spread} Every ${block} weights have a scale of their own, which no other channel decides.`;
  if (axis === null) {
    return `${spread} Its one scale is ${significant(wide.scale)}, which leaves channel ${narrow.index} ${significant(narrow.reach / wide.scale)} of 127 steps.`;
  }
  return `${spread} Their scales are ${significant(narrow.scale)} and ${significant(wide.scale)}; one for all would leave channel ${narrow.index} ${significant((narrow.reach / wide.reach) * 127)} of 127 steps.`;
}

function clipping({ tensor, figures: { figures } }: Known): string {
  return `${tensor} keeps ${interval(figures.range)}; ${percent(figures.clipped)} of its values lie outside, estimated.`;
}

function onOutput(own: Own, figure: (output: Evaluation["outputs"][number]) => string | null): string | null {
  const output = own.evaluation?.outputs[0];
  const text = output ? figure(output) : null;
  return output && own.evaluation && text
    ? `The output ${output.name}: ${text}, ${measured(own.evaluation.samples, own.stale)}.`
    : null;
}

function measured(samples: number, stale: boolean): string {
  return `measured on ${plural(samples, "sample")}${stale ? " before the last change" : ""}`;
}

/** The error as a share of the values in root mean square. */
function share(sqnr: number): string {
  return Number.isFinite(sqnr) ? `, an error of ${percent(10 ** (-sqnr / 20))} of the values in root mean square` : "";
}

/** A plain number about a third of the way to the end of a range. */
function example(end: number): number {
  return Number((end / 3).toPrecision(1));
}
