import { type ChosenRange, type methodRange, rangeOf } from "../encode/ranges.ts";
import type { Cause, Finding } from "../model/diagnosis.ts";
import { type ActivationScheme, type ClipFigures, clippedBy, METHOD_WORDS, schemeOf } from "../model/range.ts";
import type { Recipe } from "../model/recipe.ts";
import type { TensorStatistics } from "../model/statistics.ts";
import type { RangeGroup } from "../model/summary.ts";
import { codeUse } from "../numerics/codeUse.ts";
import { densityOf } from "../numerics/density.ts";
import { clipFigures } from "../numerics/figures.ts";
import { clippingError, magnitudeQuantile } from "../numerics/tails.ts";
import { plural, significant } from "../values/figures.ts";
import { percent } from "../values/shares.ts";
import { decibel } from "../values/units.ts";
import {
  AMPLE_SQNR,
  FEW_BITS,
  HEALTHY_SQNR,
  LARGEST_LOSS,
  ONE_SIDED,
  POOR_SQNR,
  RANGE_GAIN,
  WIDE_RANGE,
} from "./diagnosisThresholds.ts";

/** A finding of a tensor, before it is known whose it is. */
export type Symptom = Omit<Finding, "layer">;

export interface ActivationSubject {
  readonly group: RangeGroup;
  readonly statistics: TensorStatistics;
  readonly recipe: Recipe;
  readonly chosen: ChosenRange;
  /** Where a method puts the range; may remember. */
  readonly byMethod: typeof methodRange;
  /** The layer that makes the tensor, if leaving it in float leaves the tensor unquantized; asked only when needed. */
  readonly floatLayer: () => string | null;
}

const UINT8: ActivationScheme = { type: "uint8", symmetric: false };
/** MSE is the method of least squared error by construction (docs/methods.md), so no other can gain more. */
const BEST = "mse";

/**
 * What is wrong with a range group under its range, estimated from its statistics. Losses are dB of SQNR of the group's
 * values: what they would gain with the remedy, or lack to POOR_SQNR where only float helps.
 */
export function activationSymptoms(subject: ActivationSubject): Symptom[] {
  const { group, statistics, recipe, chosen } = subject;
  if (statistics.finite === 0 || statistics.min === statistics.max) return [dead(statistics)];
  const figures = clipFigures(statistics, schemeOf(group, recipe.activations), chosen.range);
  const found = [oneSided(subject, figures), poorRange(subject, figures)].filter((symptom) => symptom !== null);
  return found.length > 0 ? found : fewLevels(subject, figures);
}

function dead({ finite, nan, positiveInfinity, negativeInfinity, min, samples }: TensorStatistics): Symptom {
  const seen = plural(samples.index.length, "sample");
  if (finite === 0) {
    return {
      cause: "dead",
      sentence: "No finite value was seen here, so there is no range to find.",
      figure: `${nan + positiveInfinity + negativeInfinity} NaN or infinite values in ${seen}`,
      loss: 0,
      remedy: null,
    };
  }
  return {
    cause: "dead",
    sentence:
      min === 0
        ? "Every value seen is zero: this layer is dead."
        : "Every value seen is the same: this layer tells nothing about its input.",
    figure: `all ${finite} values of ${seen} are ${significant(min)}`,
    loss: 0,
    remedy: null,
  };
}

function oneSided({ group, statistics, recipe, byMethod }: ActivationSubject, figures: ClipFigures): Symptom | null {
  const [shorter, longer] = [-statistics.min, statistics.max].sort((a, b) => a - b) as [number, number];
  if (!recipe.activations.symmetric || shorter > ONE_SIDED * longer || figures.sqnr >= AMPLE_SQNR) return null;
  const activations = { ...recipe.activations, ...UINT8 };
  const other = rangeOf(group, statistics, { ...recipe, activations }, byMethod);
  const gain = clipFigures(statistics, activations, other.range).sqnr - figures.sqnr;
  if (!(gain >= RANGE_GAIN)) return null;
  const { used, codes } = codeUse(densityOf(statistics), recipe.activations, figures);
  return {
    cause: "one-sided",
    sentence: "The values have one sign, so half of a symmetric type's codes are unused.",
    figure: `${used} of ${codes} codes used, values ${significant(statistics.min)} to ${significant(statistics.max)}, SQNR ${decibel(figures.sqnr)} (estimated)`,
    loss: Math.min(gain, LARGEST_LOSS),
    remedy: {
      edit: { kind: "activations", activations },
      sentence: `Make all activations uint8, asymmetric: +${decibel(gain)} here (estimated).`,
    },
  };
}

function poorRange(
  { group, statistics, recipe, chosen, byMethod }: ActivationSubject,
  figures: ClipFigures,
): Symptom | null {
  if (group.fixed || chosen.source === BEST || figures.sqnr >= HEALTHY_SQNR) return null;
  const scheme = schemeOf(group, recipe.activations);
  const best = clipFigures(statistics, scheme, byMethod(BEST, group, statistics, clippedBy(group, recipe.activations)));
  const gain = best.sqnr - figures.sqnr;
  if (!(gain >= RANGE_GAIN)) return null;
  const density = densityOf(statistics);
  const largest = Math.max(-statistics.min, statistics.max);
  const clipping = Math.min(1, clippingError(density, figures.range) / figures.mse);
  const cost = `SQNR ${decibel(figures.sqnr)} (estimated)`;
  const say = (cause: Cause, sentence: string, figure: string): Symptom => ({
    cause,
    sentence,
    figure: `${figure}, ${cost}`,
    loss: Math.min(gain, LARGEST_LOSS),
    remedy: {
      edit: { kind: "method", group: group.id, method: BEST },
      sentence: `Set this range by ${METHOD_WORDS[BEST]}: +${decibel(gain)} here (estimated).`,
    },
  });
  if (clipping > 0.5) {
    return say(
      "clipping",
      "Clipping removes signal.",
      `${percent(figures.clipped)} of the values clipped, ${percent(clipping)} of the error`,
    );
  }
  if (Math.max(-figures.range.low, figures.range.high) > WIDE_RANGE * largest) {
    const { used, codes } = codeUse(density, scheme, figures);
    return say(
      "few-levels",
      "The range reaches far beyond the values.",
      `${used} of ${codes} codes used, values within ${significant(largest)}`,
    );
  }
  return say(
    "outliers",
    "A few large values stretch the range for all others.",
    `99.9 % of the values within ${significant(magnitudeQuantile(density, 0.999))}, the largest ${significant(largest)}`,
  );
}

function fewLevels({ group, statistics, recipe, floatLayer }: ActivationSubject, figures: ClipFigures): Symptom[] {
  if (!(figures.sqnr < POOR_SQNR)) return [];
  const { used, codes, entropy } = codeUse(densityOf(statistics), schemeOf(group, recipe.activations), figures);
  if (entropy >= FEW_BITS) return [];
  const layer = floatLayer();
  return [
    {
      cause: "few-levels",
      sentence: "Most values share a few codes, whatever the range.",
      figure: `${used} of ${codes} codes used, ${significant(entropy)} bits of information, SQNR ${decibel(figures.sqnr)} (estimated)`,
      loss: Math.min(POOR_SQNR - figures.sqnr, LARGEST_LOSS),
      remedy:
        layer === null
          ? null
          : {
              edit: { kind: "float", layer },
              sentence: "Leave the layer in float: its result is then not rounded.",
            },
    },
  ];
}
