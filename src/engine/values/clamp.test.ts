import fc from "fast-check";
import { expect, test } from "vitest";
import { clamp, rangeWithin } from "./clamp.ts";

const number = fc.double({ noNaN: true });

test("a clamped value lies between the bounds, and is the value where that does", () => {
  fc.assert(
    fc.property(number, number, number, (value, a, b) => {
      const [low, high] = [Math.min(a, b), Math.max(a, b)];
      const clamped = clamp(value, low, high);
      expect(clamped >= low && clamped <= high).toBe(true);
      if (value >= low && value <= high) expect(clamped).toBe(value);
      else expect([low, high]).toContain(clamped);
    }),
  );
  expect(clamp(Number.NaN, 0, 1)).toBeNaN();
  expect(clamp(Number.POSITIVE_INFINITY, 0, 1)).toBe(1);
});

test("a range within bounds keeps zero, and no more beyond it than the bounds let through", () => {
  const range = fc.tuple(number, number).map(([a, b]) => ({ low: Math.min(a, b), high: Math.max(a, b) }));
  fc.assert(
    fc.property(range, range, (given, bounds) => {
      const { low, high } = rangeWithin(given, bounds);
      expect(low).toBeLessThanOrEqual(0);
      expect(high).toBeGreaterThanOrEqual(0);
      expect(low).toBeGreaterThanOrEqual(Math.min(0, bounds.low));
      expect(high).toBeLessThanOrEqual(Math.max(0, bounds.high));
    }),
  );
  expect(rangeWithin({ low: -7, high: 7 }, { low: 0, high: 6 })).toEqual({ low: 0, high: 6 });
  expect(rangeWithin({ low: -7, high: 7 }, { low: -5, high: -1 })).toEqual({ low: -5, high: 0 });
  expect(rangeWithin({ low: 1, high: 2 }, null)).toEqual({ low: 1, high: 2 });
});
