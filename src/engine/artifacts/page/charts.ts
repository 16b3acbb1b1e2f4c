import type { RangeReport } from "../../model/analysis.ts";
import type { Range } from "../../model/range.ts";
import { clamp } from "../../values/clamp.ts";
import { significant } from "../../values/figures.ts";
import { decibel } from "../../values/units.ts";
import { html, type Markup } from "./markup.ts";

const SPARK = { width: 150, height: 30 };

/** The histogram of a tensor, heights logarithmic, with what lies outside the clip range shaded. */
export function sparkline(report: RangeReport): Markup {
  const { window, counts } = report.histogram;
  const { range } = report.chosen.figures;
  const low = Math.min(window.low, range.low);
  const high = Math.max(window.high, range.high);
  const x = scaleX({ low, high }, SPARK.width);
  const highest = Math.log1p(Math.max(1, ...counts));
  const width = (x(window.high) - x(window.low)) / Math.max(1, counts.length);
  const bars = counts.map((count, i) => {
    const height = (SPARK.height * Math.log1p(count)) / highest;
    const left = x(window.low) + i * width;
    return height === 0
      ? ""
      : `M${tenth(left)} ${SPARK.height}V${tenth(SPARK.height - height)}h${tenth(width)}V${SPARK.height}`;
  });
  const [from, to] = [x(range.low), x(range.high)];
  const label = `Values from ${significant(report.seen.min)} to ${significant(report.seen.max)}, clip range ${significant(range.low)} to ${significant(range.high)}`;
  return html`<svg class="spark" viewBox="0 0 ${SPARK.width} ${SPARK.height}" role="img" aria-label="${label}"><path class="bins" d="${bars.join("")}"/><rect class="outside" width="${tenth(from)}" height="${SPARK.height}"/><rect class="outside" x="${tenth(to)}" width="${tenth(SPARK.width - to)}" height="${SPARK.height}"/><path class="clip" d="M${tenth(within(from))} 0V${SPARK.height}M${tenth(within(to))} 0V${SPARK.height}"/></svg>`;
}

export interface Bar {
  readonly number: number;
  readonly value: number;
}

const BARS = { width: 1000, height: 240, left: 44, right: 8, top: 18, bottom: 22 };
const CALLED_OUT = 5;

/** SQNR of each range group in graph order; the lowest carry their number in the table. Only finite values are drawn. */
export function sqnrChart(bars: readonly Bar[]): Markup | null {
  const finite = bars.filter(({ value }) => Number.isFinite(value));
  if (finite.length === 0) return null;
  const { left, right, top, bottom, width, height } = BARS;
  const step = 10;
  const lowest = Math.min(0, Math.floor(Math.min(...finite.map(({ value }) => value)) / step) * step);
  const highest = Math.max(step, Math.ceil(Math.max(...finite.map(({ value }) => value)) / step) * step);
  const y = (value: number) => top + ((highest - value) / (highest - lowest)) * (height - top - bottom);
  const pitch = (width - left - right) / bars.length;
  const thickness = Math.min(28, pitch * 0.72);
  const called = new Set(lowestBars(finite).map(({ number }) => number));
  const ticks = Array.from({ length: (highest - lowest) / step + 1 }, (_, i) => lowest + i * step);
  const lines = ticks.map((tick) => {
    const at = tenth(y(tick));
    return html`<path class="${tick === 0 ? "axis" : "grid"}" d="M${left} ${at}H${width - right}"/><text class="tick" x="${left - 6}" y="${at}">${tick < 0 ? `−${-tick}` : tick}</text>`;
  });
  const columns = bars.map(({ number, value }, i) => {
    if (!Number.isFinite(value)) return null;
    const centre = left + (i + 0.5) * pitch;
    const [upper, lower] = [y(Math.max(0, value)), y(Math.min(0, value))];
    const low = called.has(number);
    const box = html`<rect class="${low ? "bar low" : "bar"}" x="${tenth(centre - thickness / 2)}" y="${tenth(upper)}" width="${tenth(thickness)}" height="${tenth(lower - upper)}"/>`;
    return low ? html`${box}<text class="mark" x="${tenth(centre)}" y="${tenth(upper - 5)}">${number}</text>` : box;
  });
  const label = `SQNR of ${finite.length} activations in graph order, from ${decibel(Math.min(...finite.map(({ value }) => value)))} to ${decibel(Math.max(...finite.map(({ value }) => value)))}`;
  return html`<svg class="bars" viewBox="0 0 ${width} ${height}" role="img" aria-label="${label}">${lines}${columns}<text class="caption" x="${left}" y="${height - 4}">input</text><text class="caption end" x="${width - right}" y="${height - 4}">output</text><text class="caption" x="${left}" y="11">dB</text></svg>`;
}

/** The bars of least SQNR, lowest first. */
export function lowestBars(bars: readonly Bar[]): Bar[] {
  return bars
    .filter(({ value }) => Number.isFinite(value))
    .sort((a, b) => a.value - b.value)
    .slice(0, CALLED_OUT);
}

function scaleX({ low, high }: Range, width: number): (value: number) => number {
  return (value) => (high > low ? ((value - low) / (high - low)) * width : width / 2);
}

/** Keeps a line of width 1 inside the picture. */
function within(x: number): number {
  return clamp(x, 0.75, SPARK.width - 0.75);
}

function tenth(value: number): string {
  return String(Number(value.toFixed(1)));
}
