import fc from "fast-check";
import { expect, test } from "vitest";
import { clampedNormalMean } from "./normal.ts";

/** By the trapezoidal rule over 10 standard deviations. */
function integrated(mean: number, deviation: number, low: number, high: number): number {
  const steps = 20_000;
  let sum = 0;
  for (let i = 0; i <= steps; i++) {
    const z = -10 + (20 * i) / steps;
    const value = Math.min(Math.max(mean + deviation * z, low), high);
    sum += value * Math.exp((-z * z) / 2) * (i === 0 || i === steps ? 0.5 : 1);
  }
  return (sum * (20 / steps)) / Math.sqrt(2 * Math.PI);
}

test("agrees with numerical integration, bounded or not", () =>
  fc.assert(
    fc.property(
      fc.double({ min: -5, max: 5, noNaN: true }),
      fc.double({ min: 0.01, max: 4, noNaN: true }),
      fc.constantFrom([0, 6], [0, Infinity], [-Infinity, Infinity], [-1, 1]),
      (mean, deviation, [low = 0, high = 0]) => {
        const expected = integrated(mean, deviation, low, high);
        expect(clampedNormalMean(mean, deviation, low, high)).toBeCloseTo(expected, 4);
      },
    ),
    { numRuns: 50 },
  ));

test("without spread it is the clamped mean", () => {
  expect(clampedNormalMean(7, 0, 0, 6)).toBe(6);
  expect(clampedNormalMean(-1, 0, 0, Infinity)).toBe(0);
  expect(clampedNormalMean(2, 0, 0, 6)).toBe(2);
});
