import type { ExecutorRecord } from "../src/engine/model/calibration.ts";

/** Bytes as a person reads them, in powers of 1000. */
export function bytesText(bytes: number): string {
  if (bytes < 1e3) return `${bytes} B`;
  return bytes < 1e6 ? `${significant(bytes / 1e3)} kB` : `${significant(bytes / 1e6)} MB`;
}

/** What ran how many samples, and how. */
export function executorText({ samples, runtime, workers, threads, batch }: ExecutorRecord): string {
  const count = (number: number, noun: string) => `${number} ${noun}${number === 1 ? "" : "s"}`;
  return `${count(samples, "sample")} ran on ${runtime}: ${count(workers, "worker")} of ${count(threads, "thread")}, batch ${batch}`;
}

/** Three significant digits. */
export function significant(value: number): string {
  return Number.isFinite(value) ? String(Number(value.toPrecision(3))) : String(value);
}

export function percentText(share: number): string {
  return `${(100 * share).toFixed(1)} %`;
}

/** Rows with their columns under each other; the first to the left, figures to the right. */
export function table(rows: readonly (readonly string[])[]): string[] {
  const widths = rows[0]!.map((_, i) => Math.max(...rows.map((row) => row[i]!.length)));
  return rows.map((row) =>
    `  ${row.map((cell, i) => (i === 0 ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!))).join("  ")}`.trimEnd(),
  );
}
