import { type ChosenRange, methodRange, type RangeChoices, rangeOf, seenOf, statisticsOf } from "../encode/ranges.ts";
import type { GroupFigures, RangeReport, SeenValues, TensorAnalysis } from "../model/analysis.ts";
import { type ActivationScheme, type ClipFigures, clippedBy, METHODS, type Range, schemeOf } from "../model/range.ts";
import type { Statistics, TensorStatistics } from "../model/statistics.ts";
import type { ModelSummary, RangeGroup } from "../model/summary.ts";
import { clipFigures, errorCurve } from "../numerics/figures.ts";
import { linearHistogram } from "../numerics/linearHistogram.ts";
import { rangeWithin } from "../values/clamp.ts";

const CHART_BINS = 256;
const REPORT_BINS = 64;
const SPARK_BINS = 24;
const CURVE_STEPS = 64;

/** Answers about range groups from their statistics alone; everything it says is an estimate. */
export class Analysis {
  readonly #groups: ReadonlyMap<string, RangeGroup>;
  readonly #statistics: Statistics;
  readonly #ranges = new Map<string, Range>();

  constructor(groups: ModelSummary["groups"], statistics: Statistics) {
    this.#groups = new Map(groups.map((group) => [group.id, group]));
    this.#statistics = statistics;
  }

  /** One row a group, for the list of layers. Groups without statistics are left out. */
  overview(choices: RangeChoices): GroupFigures[] {
    const rows: GroupFigures[] = [];
    for (const group of this.#groups.values()) {
      const statistics = seenOf(group, this.#statistics);
      if (!statistics) continue;
      const { range, source } = this.#chosen(group, statistics, choices);
      const scheme = schemeOf(group, choices.activations);
      rows.push({
        group: group.id,
        source,
        type: scheme.type,
        figures: clipFigures(statistics, scheme, range),
        nonFinite: nonFinite(statistics),
        spark: spark(statistics),
      });
    }
    return rows;
  }

  /** What the clip chart shows of a group. `window` is what the histogram spans; null takes all that was seen and the least range. */
  analyse(groupId: string, choices: RangeChoices, window: Range | null): TensorAnalysis {
    const { group, statistics } = this.#find(groupId);
    const scheme = schemeOf(group, choices.activations);
    const clipping = clippedBy(group, choices.activations);
    return {
      ...this.#outline(group, statistics, choices, window ?? wholeWindow(group, statistics), CHART_BINS),
      marks: METHODS.map((method) => ({
        method,
        figures: clipFigures(statistics, scheme, this.#byMethod(method, group, statistics, clipping)),
      })),
      curve: errorCurve(statistics, scheme, this.#byMethod("minmax", group, statistics, scheme), CURVE_STEPS),
    };
  }

  /** What was seen of any tensor that was watched; null where it was not. */
  values(tensor: string): SeenValues | null {
    const statistics = this.#statistics.get(tensor);
    return statistics ? seenValues(statistics, seenWindow(statistics), CHART_BINS) : null;
  }

  /** What a report says of a group. */
  outline(groupId: string, choices: RangeChoices): RangeReport {
    const { group, statistics } = this.#find(groupId);
    return this.#outline(group, statistics, choices, seenWindow(statistics), REPORT_BINS);
  }

  /** What a range set by hand would do. */
  estimate(groupId: string, scheme: ActivationScheme, range: Range): ClipFigures {
    const { group, statistics } = this.#find(groupId);
    return clipFigures(statistics, schemeOf(group, scheme), rangeWithin(range, group.bounds));
  }

  #outline(
    group: RangeGroup,
    statistics: TensorStatistics,
    choices: RangeChoices,
    window: Range,
    bins: number,
  ): RangeReport {
    const { range, source } = this.#chosen(group, statistics, choices);
    return {
      group: group.id,
      members: group.members,
      ...seenValues(statistics, window, bins),
      chosen: { source, figures: clipFigures(statistics, schemeOf(group, choices.activations), range) },
    };
  }

  #chosen(group: RangeGroup, statistics: TensorStatistics, choices: RangeChoices): ChosenRange {
    return rangeOf(group, statistics, choices, this.#byMethod);
  }

  /** Methods are worked out once for each group and scheme. */
  readonly #byMethod: typeof methodRange = (method, group, statistics, scheme) => {
    const key = `${method} ${scheme.type} ${scheme.symmetric} ${group.id}`;
    const range = this.#ranges.get(key) ?? methodRange(method, group, statistics, scheme);
    this.#ranges.set(key, range);
    return range;
  };

  #find(groupId: string): { group: RangeGroup; statistics: TensorStatistics } {
    const group = this.#groups.get(groupId);
    if (!group) throw new Error(`${groupId} is not a range group of this model.`);
    return { group, statistics: statisticsOf(group, this.#statistics) };
  }
}

function seenValues(statistics: TensorStatistics, window: Range, bins: number): SeenValues {
  return {
    seen: {
      finite: statistics.finite,
      zeros: statistics.zeros,
      nonFinite: nonFinite(statistics),
      min: statistics.min,
      max: statistics.max,
      samples: statistics.samples.index.length,
    },
    histogram: { window, counts: linearHistogram(statistics, window, bins) },
  };
}

function nonFinite({ nan, positiveInfinity, negativeInfinity }: TensorStatistics): number {
  return nan + positiveInfinity + negativeInfinity;
}

function seenWindow({ finite, min, max }: TensorStatistics): Range {
  if (finite === 0) return { low: -1, high: 1 };
  const low = Math.min(min, 0);
  const high = Math.max(max, 0);
  return low === high ? { low: -1, high: 1 } : { low, high };
}

function wholeWindow({ least }: RangeGroup, statistics: TensorStatistics): Range {
  const seen = seenWindow(statistics);
  return least ? { low: Math.min(seen.low, least.low), high: Math.max(seen.high, least.high) } : seen;
}

function spark(statistics: TensorStatistics): number[] {
  const counts = linearHistogram(statistics, seenWindow(statistics), SPARK_BINS);
  const logs = counts.map((count) => Math.log1p(count));
  const highest = Math.max(...logs, 1);
  return logs.map((value) => value / highest);
}
