import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { clipFigures, errorCurve } from "./figures.ts";
import { DISTRIBUTIONS, drawFrom } from "./testing/distributions.ts";
import { measure, SCHEMES, UINT8 } from "./testing/measure.ts";
import { observe } from "./testing/observe.ts";

const decibels = (a: number, b: number) => Math.abs(10 * Math.log10(a / b));

const SPREAD = Object.keys(DISTRIBUTIONS).filter(
  (name) => !["constant", "all zero", "multiples of 1/255"].includes(name),
);

describe.each(SPREAD)("%s", (name) => {
  const values = drawFrom(name, 20000);
  const statistics = observe(values);
  const { min, max } = statistics;

  test.each([1, 0.7, 0.3, 0.05])("estimated MSE at %d of min-max is what quantizing the values gives", (share) => {
    for (const scheme of SCHEMES) {
      const range = { low: min * share, high: max * share };
      expect(decibels(clipFigures(statistics, scheme, range).mse, measure(values, scheme, range).mse)).toBeLessThan(
        0.05,
      );
    }
  });

  test("the clipped share is the share of values outside", () => {
    const range = { low: min * 0.4, high: max * 0.3 };
    const figures = clipFigures(statistics, UINT8, range);
    const low = Math.min(range.low, 0);
    const high = Math.max(range.high, 0);
    const outside = values.filter((x) => x < low || x > high).length / values.length;
    expect(Math.abs(figures.clipped - outside)).toBeLessThan(1e-3);
  });
});

test("min-max clips nothing, in every scheme", () => {
  for (const name of Object.keys(DISTRIBUTIONS)) {
    const statistics = observe(drawFrom(name, 500));
    const range = { low: statistics.min, high: statistics.max };
    for (const scheme of SCHEMES) expect(clipFigures(statistics, scheme, range).clipped).toBe(0);
  }
});

test("the range comes back as it is covered", () => {
  const statistics = observe([0.5, 2]);
  expect(clipFigures(statistics, UINT8, { low: 0.5, high: 2 }).range).toEqual({ low: 0, high: 2 });
  const symmetric = { type: "int8", symmetric: true } as const;
  expect(clipFigures(statistics, symmetric, { low: -1, high: 2 }).range).toEqual({ low: -2, high: 2 });
});

test("SQNR and effective bits follow from MSE", () => {
  const values = drawFrom("gaussian", 10000);
  const { mse, sqnr, effectiveBits } = clipFigures(observe(values), UINT8, { low: -4, high: 4 });
  const meanSquare = values.reduce((sum, x) => sum + x * x, 0) / values.length;
  expect(sqnr).toBeCloseTo(10 * Math.log10(meanSquare / mse), 2);
  expect(effectiveBits).toBeCloseTo((sqnr - 1.76) / 6.02, 9);
});

test("all zero: nothing is lost and there is no ratio; nothing seen: the same", () => {
  for (const statistics of [observe([0, 0]), observe([Number.NaN])]) {
    const { mse, sqnr, clipped } = clipFigures(statistics, UINT8, { low: -1, high: 1 });
    expect({ mse, sqnr, clipped }).toEqual({ mse: 0, sqnr: Number.NaN, clipped: 0 });
  }
});

test("figures are numbers for whatever float32 was seen", () => {
  fc.assert(
    fc.property(fc.array(fc.float(), { minLength: 1 }), fc.constantFrom(...SCHEMES), (values, scheme) => {
      const { mse, clipped, scale } = clipFigures(observe(values), scheme, { low: -2, high: 3 });
      expect(mse).toBeGreaterThanOrEqual(0);
      expect(clipped).toBeGreaterThanOrEqual(0);
      expect(clipped).toBeLessThanOrEqual(1);
      expect(scale).toBeGreaterThan(0);
    }),
  );
});

test("the error curve ends at the base range and has the figures' MSE", () => {
  const statistics = observe(drawFrom("laplace", 5000));
  const base = { low: statistics.min, high: statistics.max };
  const curve = errorCurve(statistics, UINT8, base, 20);
  expect(curve.map(({ share }) => share)).toEqual(Array.from({ length: 20 }, (_, i) => (i + 1) / 20));
  expect(curve[19]?.range).toEqual(base);
  for (const { range, mse } of curve) expect(mse).toBe(clipFigures(statistics, UINT8, range).mse);
});
