import type { ExecutorRecord } from "../src/engine/model/calibration.ts";
import { plural } from "../src/engine/values/figures.ts";

/** What ran how many samples, and how. */
export function executorText({ samples, runtime, workers, threads, batch }: ExecutorRecord): string {
  return `${plural(samples, "sample")} ran on ${runtime}: ${plural(workers, "worker")} of ${plural(threads, "thread")}, batch ${batch}`;
}

/** Rows with their columns under each other; the first to the left, figures to the right. */
export function table(rows: readonly (readonly string[])[]): string[] {
  const widths = widthsOf(rows);
  return rows.map((row) =>
    `  ${row.map((cell, i) => (i === 0 ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!))).join("  ")}`.trimEnd(),
  );
}

/** Rows of words with their columns under each other, all to the left. */
export function columns(rows: readonly (readonly string[])[]): string[] {
  const widths = widthsOf(rows);
  return rows.map((row) =>
    row
      .map((cell, at) => cell.padEnd(widths[at]!))
      .join("  ")
      .trimEnd(),
  );
}

function widthsOf(rows: readonly (readonly string[])[]): readonly number[] {
  return rows[0]!.map((_, at) => Math.max(...rows.map((row) => row[at]!.length)));
}
