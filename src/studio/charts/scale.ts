import type { Range } from "../../engine/model/range.ts";

const SIDE = 20;
const COUNTS = 58;
/** Labels of an axis that stands are at least so many pixels apart. */
const LABEL_HEIGHT = 14;

/** Where the plot lies within a chart, in pixels; shared by the bars and what is drawn over them. */
export interface Plot {
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
}

/** The plot of a chart of this size: room at the left for its axis, above for the marks, below for the other axis. */
export function plotOf(width: number, height: number): Plot {
  return { left: COUNTS, right: Math.max(COUNTS + 1, width - SIDE), top: 28, bottom: height - 22 };
}

/** How high a bar is drawn, in a unit of its own: logarithms of one more, so that one value is seen and none is nothing. */
export function barHeight(count: number, logarithmic: boolean): number {
  return logarithmic ? Math.log10(1 + count) : count;
}

/** Round counts along the height of a plot whose highest bar holds `most`, no two labels over each other. */
export function countTicks(
  most: number,
  logarithmic: boolean,
  { top, bottom }: Plot,
): readonly { readonly value: number; readonly y: number }[] {
  if (!(most > 0)) return [];
  const room = Math.max(1, Math.floor((bottom - top) / LABEL_HEIGHT));
  const powers = Math.floor(Math.log10(most));
  const every = Math.ceil((powers + 1) / room);
  const values = logarithmic
    ? [0, ...Array.from({ length: Math.floor(powers / every) + 1 }, (_, index) => 10 ** (index * every))]
    : ticks({ low: 0, high: most }, Math.min(5, room));
  const highest = barHeight(most, logarithmic);
  const placed = values
    .filter((value) => value <= most)
    .map((value) => ({ value, y: bottom - (barHeight(value, logarithmic) / highest) * (bottom - top) }));
  return placed.filter(({ y }, index) => index === 0 || bottom - y >= LABEL_HEIGHT);
}

export interface Scale {
  toPixel(value: number): number;
  toValue(pixel: number): number;
}

/** A linear scale from values to pixels. */
export function linear(domain: Range, from: number, to: number): Scale {
  const span = domain.high - domain.low || 1;
  return {
    toPixel: (value) => from + ((value - domain.low) / span) * (to - from),
    toValue: (pixel) => domain.low + ((pixel - from) / (to - from)) * span,
  };
}

/** Of sums of steps, beside 1. */
const SLACK = 1e-9;

/** Round values that cut a window into about `wanted` parts: steps of 1, 2 or 5 times a power of ten. */
export function ticks(window: Range, wanted: number): readonly number[] {
  const span = window.high - window.low;
  if (!(span > 0) || !Number.isFinite(span)) return [];
  const power = 10 ** Math.floor(Math.log10(span / wanted));
  const step = power * ([1, 2, 5].find((factor) => span / (power * factor) <= wanted) ?? 10);
  const values: number[] = [];
  for (let index = Math.ceil(window.low / step); index * step <= window.high; index++) values.push(index * step);
  return values;
}

/** Those of an axis of shares, whatever room is about its points: no share is below 0 or above 1. */
export function shareTicks(window: Range, wanted: number): readonly number[] {
  return ticks(window, wanted).filter((value) => value >= 0 && value <= 1 + SLACK);
}

/** A window scaled about a value by `factor`, within the bounds. */
export function zoom(window: Range, about: number, factor: number, bounds: Range): Range {
  const low = Math.max(bounds.low, about - (about - window.low) * factor);
  const high = Math.min(bounds.high, about + (window.high - about) * factor);
  return high - low > (bounds.high - bounds.low) * 1e-6 ? { low, high } : window;
}

/** A window moved by `by`, as far as the bounds let it, and as wide as it was. */
export function pan(window: Range, by: number, bounds: Range): Range {
  const most = bounds.high - window.high;
  const least = bounds.low - window.low;
  const moved = Math.max(Math.min(by, Math.max(0, most)), Math.min(0, least));
  return { low: window.low + moved, high: window.high + moved };
}

/**
 * The pixel positions of the quantization levels within the plot: `steps` equal steps over the range. Where they
 * stand closer than `closest` pixels only every second, fourth, ... one is kept.
 */
export function levels(range: Range, steps: number, scale: Scale, plot: Plot, closest: number): readonly number[] {
  const width = (scale.toPixel(range.high) - scale.toPixel(range.low)) / steps;
  if (!(width > 0)) return [];
  let stride = 1;
  while (width * stride < closest) stride *= 2;
  const origin = scale.toPixel(range.low);
  const first = Math.max(0, Math.ceil((plot.left - origin) / (width * stride)));
  const last = Math.min(Math.floor(steps / stride), Math.floor((plot.right - origin) / (width * stride)));
  return Array.from({ length: Math.max(0, last - first + 1) }, (_, index) => origin + (first + index) * stride * width);
}

/**
 * Where labels that belong to these positions go so that no two are closer than `apart`: each as near to its own
 * position as the others let it, in the same order, between `low` and `high`.
 */
export function spread(positions: readonly number[], apart: number, low: number, high: number): readonly number[] {
  const order = positions.map((_, index) => index).sort((a, b) => positions[a]! - positions[b]!);
  const runs: { members: number[]; start: number }[] = [];
  const length = (run: { members: number[] }) => (run.members.length - 1) * apart;
  const settled = (members: number[]) => {
    const mean = members.reduce((sum, index, nth) => sum + positions[index]! - nth * apart, 0) / members.length;
    return Math.max(low, Math.min(mean, high - (members.length - 1) * apart));
  };
  for (const index of order) {
    let run = { members: [index], start: settled([index]) };
    for (let last = runs.at(-1); last && last.start + length(last) + apart > run.start; last = runs.at(-1)) {
      runs.pop();
      const members = [...last.members, ...run.members];
      run = { members, start: settled(members) };
    }
    runs.push(run);
  }
  const result = new Array<number>(positions.length).fill(0);
  for (const { members, start } of runs) {
    members.forEach((index, nth) => {
      result[index] = start + nth * apart;
    });
  }
  return result;
}

/** The bins of a histogram, each with its ends. */
export function binsOf({ window, counts }: { readonly window: Range; readonly counts: readonly number[] }) {
  const size = (window.high - window.low) / counts.length;
  return counts.map((count, bin) => ({ low: window.low + bin * size, high: window.low + (bin + 1) * size, count }));
}
