import { InputError } from "../model/job.ts";
import { type ActivationScheme, clippedBy, type Method, type Range } from "../model/range.ts";
import type { Recipe } from "../model/recipe.ts";
import { own } from "../model/record.ts";
import type { Statistics, TensorStatistics } from "../model/statistics.ts";
import type { RangeGroup } from "../model/summary.ts";
import { chooseRange } from "../numerics/calibrators/index.ts";
import { Observer } from "../numerics/observer.ts";
import { rangeWithin } from "../values/clamp.ts";
import { codeLimits } from "../values/codes.ts";

export interface ChosenRange {
  readonly range: Range;
  readonly source: Method | "hand" | "fixed";
}

/** The part of a recipe that decides the ranges. */
export type RangeChoices = Pick<Recipe, "activations" | "method" | "methods" | "ranges">;

/** What "auto" starts from: see docs/methods.md for why. */
export const DEFAULT_METHOD: Method = "mse";

/** The method that settles a group which has no range by hand. */
export function methodOf(group: string, choices: RangeChoices): Method {
  return own(choices.methods, group) ?? (choices.method === "auto" ? DEFAULT_METHOD : choices.method);
}

/**
 * The clip range of a group: fixed by its operator, set by hand, or what the method finds in the statistics of the member
 * that it is named after, which all others are moved from or joined in. `byMethod` may remember what it finds.
 */
export function rangeOf(
  group: RangeGroup,
  statistics: TensorStatistics,
  choices: RangeChoices,
  byMethod: typeof methodRange = methodRange,
): ChosenRange {
  if (group.fixed) return { range: group.fixed, source: "fixed" };
  const hand = own(choices.ranges, group.id);
  if (hand) return { range: rangeWithin(hand, group.bounds), source: "hand" };
  const method = methodOf(group.id, choices);
  return { range: byMethod(method, group, statistics, clippedBy(group, choices.activations)), source: method };
}

/**
 * Where one method puts the clip range of a group, its least range and its bounds kept, of a gate all that was seen, and
 * nothing below where readers tell no values apart.
 */
export function methodRange(
  method: Method,
  group: RangeGroup,
  statistics: TensorStatistics,
  scheme: ActivationScheme,
): Range {
  const { least, whole, bounds, flatBelow } = group;
  const { finite, min, max } = statistics;
  const seen = whole && finite > 0 ? { low: min, high: max } : null;
  const chosen = above(chooseRange(method, statistics, scheme), flatBelow, scheme);
  return rangeWithin(holding(holding(chosen, least), seen), bounds);
}

/** From half a step below where values begin to differ, so that the lowest code stands for one of those that do not. */
function above(range: Range, flat: number | undefined, { type }: ActivationScheme): Range {
  if (flat === undefined || !(flat < 0)) return range;
  const [lowest, highest] = codeLimits(type);
  const low = flat - (range.high - flat) / (2 * (highest - lowest - 1));
  return low > range.low ? { low, high: range.high } : range;
}

function holding(range: Range, held: Range | null): Range {
  return held ? { low: Math.min(range.low, held.low), high: Math.max(range.high, held.high) } : range;
}

const merged = new WeakMap<Statistics, Map<string, TensorStatistics>>();

/** What was seen of a group: of the member that it is named after, or of all that decide its range. */
export function seenOf({ id, parts }: RangeGroup, statistics: Statistics): TensorStatistics | undefined {
  const own = statistics.get(id);
  if (!parts || !own) return own;
  const key = JSON.stringify([id, parts]);
  const known = merged.get(statistics) ?? new Map<string, TensorStatistics>();
  merged.set(statistics, known);
  const all = known.get(key) ?? Observer.merge(parts.flatMap((part) => statistics.get(part) ?? []));
  known.set(key, all);
  return all;
}

/** The statistics of a group. Throws InputError when they are missing, as with another model's cache. */
export function statisticsOf(group: RangeGroup, statistics: Statistics): TensorStatistics {
  const found = seenOf(group, statistics);
  if (!found) {
    throw new InputError(`The calibration holds nothing about tensor ${group.id}; calibrate this model again.`);
  }
  return found;
}

/** The ranges of all groups by id. */
export function resolveRanges(
  groups: readonly RangeGroup[],
  statistics: Statistics,
  choices: RangeChoices,
): Map<string, Range> {
  return new Map(groups.map((group) => [group.id, rangeOf(group, statisticsOf(group, statistics), choices).range]));
}
