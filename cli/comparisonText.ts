import type {
  Change,
  ComparedReport,
  Comparison,
  FigureChange,
  FigureUnit,
  RangeMove,
} from "../src/engine/model/comparison.ts";
import { interval, plural, signed, significant } from "../src/engine/values/figures.ts";
import { change as changeOf, percent, points, pointsOf } from "../src/engine/values/shares.ts";
import { byteSize, decibel } from "../src/engine/values/units.ts";
import { table } from "./format.ts";

const LISTED = 10;
const NAMED = 5;

/** A comparison for a person, line by line: settings, figures, and what moved or changed most. */
export function describeComparison(comparison: Comparison, paths: readonly [string, string]): string[] {
  const { a, b, settings, factors, biases, ranges, weights, estimates, figures } = comparison;
  const changed = [
    ...settings.map((setting) => `  ${setting.name}: ${sidesText(setting.a, setting.b)}`),
    ...(factors.length > 0 ? [`  equalization factors: those of ${plural(factors.length, "tensor")} differ`] : []),
    ...(biases.length > 0 ? [`  learned biases: those of ${plural(biases.length, "layer")} differ`] : []),
  ];
  return [
    `A: ${reportText(a, paths[0])}`,
    `B: ${reportText(b, paths[1])}`,
    "",
    changed.length === 0 ? "settings: the same" : "settings that differ",
    ...changed,
    "",
    ...table([["measured", "A", "B", "change"], ...figures.map(figureRow)]),
    ...(figures.some(({ unlike }) => unlike) ? ["~ not measured alike; the warnings say why"] : []),
    "",
    ...section("ranges", "moved", ranges, rangeRow, ["group", "from", "to", "of the wider"]),
    "",
    ...section(
      "weights",
      "differ in SQNR",
      weights,
      ({ name, sqnr, leastSqnr }) => [name, ...changeCells(sqnr), ...changeCells(leastSqnr)],
      ["weight", "A", "B", "change", "worst channel A", "B", "change"],
    ),
    "",
    ...section("ranges", "differ in estimated SQNR", estimates, ({ group, sqnr }) => [group, ...changeCells(sqnr)], [
      "group",
      "A",
      "B",
      "change",
    ]),
  ];
}

function reportText({ model, date, tool }: ComparedReport, path: string): string {
  return `${path} (${model}, ${date}, ${tool})`;
}

function sidesText(a: readonly string[], b: readonly string[]): string {
  if (a.length === 1 && b.length === 1) return `${a[0]} -> ${b[0]}`;
  const side = (values: readonly string[], name: string) =>
    values.length === 0 ? [] : [`only in ${name}: ${namesText(values)}`];
  return [...side(a, "A"), ...side(b, "B")].join("; ");
}

function namesText(names: readonly string[]): string {
  const left = names.length - NAMED;
  return left > 1 ? `${names.slice(0, NAMED).join(", ")} and ${left} more` : names.join(", ");
}

function section<T>(
  what: string,
  how: string,
  all: readonly T[],
  row: (item: T) => readonly string[],
  head: readonly string[],
): string[] {
  if (all.length === 0) return [`${what} that ${how}: none`];
  const most = all.length > LISTED ? `; the ${LISTED} that changed most` : "";
  return [`${what} that ${how}: ${all.length}${most}`, ...table([head, ...all.slice(0, LISTED).map(row)])];
}

function figureRow({ figure, unit, a, b, change, unlike, intervals }: FigureChange): string[] {
  const side = (value: number | null, interval: readonly [number, number] | null) => {
    if (value === null) return "–";
    const [low, high] = interval ?? [];
    const ends = low === undefined ? "" : ` (95 %: ${pointsOf(low)} to ${pointsOf(high!)})`;
    return `${valueText(value, unit)}${ends}`;
  };
  const changed = change === null || a === null ? "–" : changeText(a, change, unit);
  return [figure, side(a, intervals?.a ?? null), side(b, intervals?.b ?? null), unlike ? `${changed} ~` : changed];
}

function valueText(value: number, unit: FigureUnit): string {
  if (unit === "share") return percent(value);
  if (unit === "bytes") return byteSize(value);
  return unit === "" ? significant(value) : `${significant(value)} ${unit}`;
}

function changeText(from: number, change: number, unit: FigureUnit): string {
  if (change === 0) return "0";
  if (unit === "share") return points(change);
  if (unit === "dB") return `${signed(change)} dB`;
  if (unit === "bytes" || unit === "ms") return changeOf(from, from + change);
  return signed(change);
}

function rangeRow({ group, from, to, relative }: RangeMove): string[] {
  const range = (side: RangeMove["from"]) => (side ? interval(side) : "none");
  return [group, range(from), range(to), relative === null ? "–" : percent(relative)];
}

function changeCells({ a, b, change }: Change): string[] {
  const decibels = (value: number | null) => (value === null ? "–" : decibel(value));
  return [decibels(a), decibels(b), change === null ? "–" : signed(change)];
}
