import { signed, significant } from "./figures.ts";

/** The greatest share that three digits do not round up to the whole. */
const NEARLY_ALL = 0.9995;

/** A share 0..1 in percent: as `percentFrom` a thousandth of a percent. */
export function percent(share: number): string {
  return percentFrom(1e-5, share);
}

/**
 * A share 0..1 in percent; one above zero but below `least` is only said to be less, and one that three digits would
 * make the whole is said to be more than 99.9 %.
 */
export function percentFrom(least: number, share: number): string {
  if (share > 0 && share < least) return `<${least * 100} %`;
  if (share >= NEARLY_ALL && share < 1) return ">99.9 %";
  return `${significant(share * 100)} %`;
}

/** A difference of shares, in percentage points. */
export function pointsOf(difference: number): string {
  return `${significant(difference * 100)} pt`;
}

/** The change between two shares, in percentage points, always with its sign. */
export function points(change: number): string {
  return `${signed(change * 100)} pt`;
}

/** How much larger or smaller the second is than the first, in percent with a sign. */
export function change(from: number, to: number): string {
  return `${signed((to / from - 1) * 100)} %`;
}
