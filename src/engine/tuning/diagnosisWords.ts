import type { Method } from "../model/range.ts";

/** Three significant digits: 0.0235, 4.64, 1200, 1.2e-7. */
export function significant(value: number): string {
  if (value === 0) return "0";
  if (!Number.isFinite(value)) return value > 0 ? "infinite" : "-infinite";
  const size = Math.abs(value);
  if (size < 1e-3 || size >= 1e7) return value.toExponential(2).replace("e+", "e");
  return size >= 100 ? String(Number(value.toPrecision(3))) : value.toPrecision(3);
}

export function decibels(value: number): string {
  return Number.isFinite(value) ? `${value.toFixed(1)} dB` : `${significant(value)} dB`;
}

/** A share in percent; what is less than a thousandth of a percent is only said to be so. */
export function percent(share: number): string {
  if (share > 0 && share < 1e-5) return "<0.001 %";
  return `${significant(share * 100)} %`;
}

/** "1 channel", "2 channels". */
export function plural(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}

export function kilobytes(bytes: number): string {
  return bytes < 1000
    ? `${bytes} B`
    : bytes < 1e6
      ? `${significant(bytes / 1e3)} kB`
      : `${significant(bytes / 1e6)} MB`;
}

/** How a sentence names a method: "set this range by ...". */
export const METHOD_WORDS: Readonly<Record<Method, string>> = {
  minmax: "min-max",
  average: "moving average",
  percentile: "percentile",
  entropy: "entropy",
  mse: "MSE",
  cosine: "cosine",
};
