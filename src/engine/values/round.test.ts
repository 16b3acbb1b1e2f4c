import fc from "fast-check";
import { expect, test } from "vitest";
import { roundHalfEven, roundSmallHalfEven } from "./round.ts";

test.each([
  [0.5, 0],
  [1.5, 2],
  [2.5, 2],
  [-0.5, 0],
  [-1.5, -2],
  [-2.5, -2],
  [127.5, 128],
  [126.5, 126],
  [0.49999999999999994, 0],
  [2 ** 51 + 0.5, 2 ** 51],
  [2 ** 51 + 1.5, 2 ** 51 + 2],
  [2 ** 53, 2 ** 53],
  [-Infinity, -Infinity],
])("%d rounds to %d", (x, rounded) => {
  expect(roundHalfEven(x)).toBe(rounded);
});

test("NaN stays NaN", () => {
  expect(roundHalfEven(Number.NaN)).toBeNaN();
});

test("the result is the nearest integer, and even on ties", () => {
  fc.assert(
    fc.property(
      fc.oneof(
        fc.double({ noNaN: true, min: -1e6, max: 1e6 }),
        fc.integer().map((n) => n / 2),
      ),
      (x) => {
        const rounded = roundHalfEven(x);
        const distance = Math.abs(x - rounded);
        expect(Number.isInteger(rounded)).toBe(true);
        expect(Object.is(rounded, -0)).toBe(false);
        expect(distance).toBeLessThanOrEqual(0.5);
        if (distance === 0.5) expect(Math.abs(rounded % 2)).toBe(0);
      },
    ),
  );
});

test("small numbers round alike without a branch", () => {
  const small = fc.oneof(
    fc.integer({ min: -1000, max: 1000 }).map((n) => n / 2),
    fc.double({ min: -1e15, max: 1e15, noNaN: true }),
  );
  fc.assert(
    fc.property(small, (x) => {
      expect(roundSmallHalfEven(x)).toBe(roundHalfEven(x));
    }),
  );
});
