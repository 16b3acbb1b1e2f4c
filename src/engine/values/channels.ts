import { count, significant } from "./figures.ts";

const MOST_RUNS = 3;

/** Some channels of a tensor, as first and last of each run, and how far they reach: "channels 4 to 8 (up to 0.98)". */
export function channelsText(runs: readonly (readonly [number, number])[], largest: number): string {
  const total = runs.reduce((sum, [first, last]) => sum + last - first + 1, 0);
  const named = runs.slice(0, MOST_RUNS).map(([first, last]) => (first === last ? `${first}` : `${first} to ${last}`));
  const listed = named.length < runs.length ? `${named.join(", ")}, …, ${count(total)} in all` : named.join(", ");
  return `${total === 1 ? "channel" : "channels"} ${listed} (up to ${significant(largest)})`;
}
