import {
  type Change,
  type Comparison,
  type RangeMove,
  type SettingDifference,
  settingsOf,
} from "../model/comparison.ts";
import type { Notice } from "../model/job.ts";
import type { Range } from "../model/range.ts";
import type { Recipe } from "../model/recipe.ts";
import { own } from "../model/record.ts";
import type { Report } from "../model/report.ts";
import { sameValue } from "../recipe/text.ts";
import { changeOf, compareFigures } from "./compareFigures.ts";

export { readReport } from "../artifacts/report.ts";

/**
 * What differs between two reports; changes are b - a, so that comparing the other way round negates them.
 * Layers and groups are matched by name.
 */
export function compareReports(a: Report, b: Report): Comparison {
  return {
    a: outline(a),
    b: outline(b),
    notices: cautions(a, b),
    settings: [...compareSettings(a.recipe, b.recipe), ...compareCalibration(a, b)],
    factors: differing(a.recipe.factors, b.recipe.factors),
    biases: differing(a.recipe.biases, b.recipe.biases),
    ranges: compareRanges(a.recipe.resolved ?? {}, b.recipe.resolved ?? {}),
    weights: compareWeights(a, b),
    estimates: compareEstimates(a, b),
    figures: compareFigures(a, b),
  };
}

function outline({ model, date, tool }: Report): Comparison["a"] {
  return { model: model.name, sha256: model.sha256, date, tool: `${tool.name} ${tool.version}` };
}

/** The settings of two recipes that differ: for a list, the entries that one side alone has. */
function compareSettings(a: Recipe, b: Recipe): SettingDifference[] {
  const others = settingsOf(b);
  return settingsOf(a).flatMap(({ name, values }, i) => difference(name, values, others[i]!.values));
}

function difference(name: string, a: readonly string[], b: readonly string[]): SettingDifference[] {
  const only = (these: readonly string[], those: readonly string[]) => {
    const known = new Set(those);
    return these.filter((value) => !known.has(value));
  };
  const [onlyA, onlyB] = [only(a, b), only(b, a)];
  return onlyA.length + onlyB.length === 0 ? [] : [{ name, a: onlyA, b: onlyB }];
}

function compareCalibration({ calibration: a }: Report, { calibration: b }: Report): SettingDifference[] {
  const samples = ({ observed }: Report["calibration"]) => runs(observed);
  const runtimes = ({ executors }: Report["calibration"]) => [...new Set(executors.map(({ runtime }) => runtime))];
  return [
    ...difference("calibration samples", [samples(a)], [samples(b)]),
    ...difference("calibrated on", runtimes(a), runtimes(b)),
  ];
}

/** Rising indices as "0 to 299, 310". */
function runs(indices: readonly number[]): string {
  const parts: [number, number][] = [];
  for (const index of indices) {
    const last = parts.at(-1);
    if (last && last[1] + 1 === index) last[1] = index;
    else parts.push([index, index]);
  }
  return parts.map(([first, last]) => (first === last ? `${first}` : `${first} to ${last}`)).join(", ") || "none";
}

/** The names whose entries differ, or which one side alone has. */
function differing<T>(a: Readonly<Record<string, T>> | null, b: Readonly<Record<string, T>> | null): string[] {
  return union(Object.keys(a ?? {}), Object.keys(b ?? {})).filter(
    (name) => !sameValue(own(a ?? {}, name), own(b ?? {}, name)),
  );
}

function compareRanges(a: NonNullable<Recipe["resolved"]>, b: NonNullable<Recipe["resolved"]>): RangeMove[] {
  return union(Object.keys(a), Object.keys(b))
    .map((group) => ({ group, from: own(a, group) ?? null, to: own(b, group) ?? null }))
    .filter(({ from, to }) => !from || !to || from.low !== to.low || from.high !== to.high)
    .map(({ group, from, to }): RangeMove => ({ group, from, to, relative: from && to && relativeMove(from, to) }))
    .sort((one, other) => (other.relative ?? Infinity) - (one.relative ?? Infinity) || byName(one.group, other.group));
}

function relativeMove(from: Range, to: Range): number {
  const move = Math.max(Math.abs(to.low - from.low), Math.abs(to.high - from.high));
  return move / Math.max(from.high - from.low, to.high - to.low);
}

function compareWeights(a: Report, b: Report): Comparison["weights"] {
  const [left, right] = [a, b].map(({ weights }) => new Map(weights.map((weight) => [weight.name, weight])));
  return union([...left!.keys()], [...right!.keys()])
    .map((name) => {
      const [from, to] = [left!.get(name), right!.get(name)];
      return { name, sqnr: changeOf(from?.sqnr, to?.sqnr), leastSqnr: changeOf(from?.leastSqnr, to?.leastSqnr) };
    })
    .filter(({ sqnr, leastSqnr }) => sqnr.change !== 0 || leastSqnr.change !== 0)
    .sort((one, other) => byChange(one.sqnr, other.sqnr) || byName(one.name, other.name));
}

function compareEstimates(a: Report, b: Report): Comparison["estimates"] {
  const [left, right] = [a, b].map(({ ranges }) => new Map(ranges.map((range) => [range.group, range.chosen.figures])));
  return union([...left!.keys()], [...right!.keys()])
    .map((group) => ({ group, sqnr: changeOf(left!.get(group)?.sqnr, right!.get(group)?.sqnr) }))
    .filter(({ sqnr }) => sqnr.change !== 0)
    .sort((one, other) => byChange(one.sqnr, other.sqnr) || byName(one.group, other.group));
}

/** What should keep a person from reading too much into the comparison. */
function cautions(a: Report, b: Report): Notice[] {
  const warn = (holds: boolean, subject: string, message: string): Notice[] =>
    holds ? [{ kind: "warning", subject, message }] : [];
  const [toolA, toolB] = [a, b].map(({ tool }) => `${tool.name} ${tool.version}`);
  const unmeasured = [a, b].flatMap(({ evaluation }, i) => (evaluation ? [] : [i === 0 ? "A" : "B"]));
  return [
    ...warn(
      a.model.sha256 !== b.model.sha256,
      "model",
      `The reports are of different models (${a.model.name}, ${b.model.name}): layers and ranges are matched by name, and no change is due to the settings alone.`,
    ),
    ...warn(
      unmeasured.length > 0,
      "evaluation",
      `${unmeasured.join(" and ")} ${unmeasured.length === 2 ? "have" : "has"} no evaluation, so no measured figures can be compared.`,
    ),
    ...compareFigures(a, b)
      .map(({ unlike }) => unlike)
      .filter((unlike, i, all) => unlike !== null && all.indexOf(unlike) === i)
      .flatMap((unlike) => warn(true, "evaluation", unlike!)),
    ...warn(toolA !== toolB, "tool", `The reports were written by ${toolA} and ${toolB}.`),
  ];
}

function union(a: readonly string[], b: readonly string[]): string[] {
  return [...new Set([...a, ...b])];
}

/** Largest change first; what one side lacks, or what is not a number, before all. */
function byChange(one: Change, other: Change): number {
  const size = ({ change }: Change) => (change === null || Number.isNaN(change) ? Infinity : Math.abs(change));
  const [first, second] = [size(one), size(other)];
  return first === second ? 0 : second - first;
}

function byName(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
