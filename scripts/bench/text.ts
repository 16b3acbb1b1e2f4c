import type { Row } from "./part.ts";
import type { Verdict } from "./verdict.ts";

/** Rows as a Markdown table, padded so that it reads in a terminal; columns are those of the rows, in order of appearance. */
export function tableLines(rows: readonly Row[]): string[] {
  const columns = [...new Set(rows.flatMap((row) => Object.keys(row)))];
  if (columns.length === 0) return [];
  const cells = [columns, ...rows.map((row) => columns.map((column) => text(row[column])))];
  const widths = columns.map((_, at) => Math.max(...cells.map((line) => (line[at] as string).length)));
  const line = (parts: readonly string[]) =>
    `| ${parts.map((part, at) => part.padEnd(widths[at] as number)).join(" | ")} |`;
  return [line(columns), line(widths.map((width) => "-".repeat(width))), ...cells.slice(1).map(line), ""];
}

export function targetLines(verdicts: readonly Verdict[]): string[] {
  return tableLines(
    verdicts.map(({ target, measured, limit, unit, met }) => ({
      target,
      measured: `${text(measured)}${unit && ` ${unit}`}`,
      wanted: `${text(limit)}${unit && ` ${unit}`}`,
      verdict: met ? "met" : "MISSED",
    })),
  );
}

/** Three significant digits, whole numbers as they are. */
function text(value: string | number | undefined): string {
  if (typeof value !== "number") return value ?? "";
  return Number.isInteger(value) || Math.abs(value) >= 100 ? value.toFixed(0) : value.toPrecision(3);
}
