import type { Chance } from "../chance.ts";

/** Makes another input of one; `others` are what parts can be taken from. */
export type Mutator = (bytes: Uint8Array, chance: Chance, others: readonly Uint8Array[]) => Uint8Array;

/** Sizes, counts and offsets that readers trip over. */
export const HOSTILE_INTEGERS = [
  0n,
  1n,
  -1n,
  2n,
  3n,
  127n,
  255n,
  65_535n,
  1_000_000n,
  100_000_000n,
  2n ** 31n - 1n,
  2n ** 31n,
  2n ** 32n - 1n,
  2n ** 40n,
  2n ** 53n,
  2n ** 63n - 1n,
  -(2n ** 63n),
];

export const HOSTILE_TEXTS = [
  "",
  "__proto__",
  "constructor",
  "toString",
  "-1",
  "0",
  "1e308",
  "NaN",
  "../../etc/passwd",
  "/etc/passwd",
  "C:\\x",
  "\u001b[2J",
  "\u202e",
  "\ud800",
  "a\nb",
  '"',
  ",",
  "x".repeat(5000),
];

/** One of some parts changed, left out, doubled, or in another's place. */
export function withPartChanged<T>(parts: readonly T[], chance: Chance, change: (part: T) => T): T[] {
  const changed = [...parts];
  if (parts.length === 0) return changed;
  const at = chance.below(parts.length);
  const other = chance.below(parts.length);
  const way = chance.below(10);
  if (way === 0) changed.splice(at, 1);
  else if (way === 1) changed.splice(other, 0, parts[at]!);
  else if (way === 2) [changed[at], changed[other]] = [parts[other]!, parts[at]!];
  else changed[at] = change(parts[at]!);
  return changed;
}
