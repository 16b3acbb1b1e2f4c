import { expect, test } from "vitest";
import { rampColor } from "./ramp.ts";

const MIX = /^color-mix\(in oklab, var\(--ramp-(\d)\) ([\d.]+)%, var\(--ramp-(\d)\)\)$/;

/** Where a colour lies on the ramp, 0..4. */
function place(t: number): number {
  const [, above, share, below] = MIX.exec(rampColor(t))!;
  expect(Number(above)).toBe(Number(below) + 1);
  return Number(below) + Number(share) / 100;
}

test("the ramp runs evenly from its first to its last stop", () => {
  expect([0, 0.125, 0.25, 0.5, 0.9, 1].map(place)).toEqual([0, 0.5, 1, 2, 3.6, 4]);
});

test("what lies outside takes the nearer end", () => {
  expect([-1, Number.NEGATIVE_INFINITY, 2, Number.POSITIVE_INFINITY].map(place)).toEqual([0, 0, 4, 4]);
});
