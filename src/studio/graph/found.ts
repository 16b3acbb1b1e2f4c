import type { Row } from "../state/layers.ts";

/** The nodes whose rows a filter lets through; null where it lets all through. */
export function foundAmong(
  rows: readonly (Row | null)[],
  shown: readonly Row[],
  filter: string,
): ReadonlySet<number> | null {
  if (filter.trim() === "") return null;
  const through = new Set(shown);
  return new Set(rows.flatMap((row, node) => (row !== null && through.has(row) ? [node] : [])));
}
