import fc from "fast-check";
import { expect, test } from "vitest";
import { binAbove, binAboveNear, densityOf, numberBelow, numberUpTo } from "./density.ts";
import { DISTRIBUTIONS, drawFrom } from "./testing/distributions.ts";
import { observe } from "./testing/observe.ts";

test("splits values by sign, zeros apart", () => {
  const { finite, zeros, negative, positive } = densityOf(observe([0, -0, 1, 2, -3, Number.NaN]));
  expect({ finite, zeros }).toEqual({ finite: 5, zeros: 2 });
  expect([...positive.count]).toEqual([1, 1]);
  expect([...negative.count]).toEqual([1]);
});

test("extremes are exact: a constant is a point, and outer bins end where the values do", () => {
  const constant = densityOf(observe([0.7, 0.7, 0.7])).positive;
  expect([...constant.lower]).toEqual([Math.fround(0.7)]);
  expect([...constant.upper]).toEqual([Math.fround(0.7)]);
  const outer = densityOf(observe(drawFrom("bimodal", 1000)));
  expect(outer.positive.upper[outer.positive.size - 1]).toBe(outer.max);
  expect(outer.negative.upper[outer.negative.size - 1]).toBe(-outer.min);
});

test.each(Object.keys(DISTRIBUTIONS))("%s: number, sum and squares are those of the values", (name) => {
  const values = drawFrom(name, 5000);
  const { finite, zeros, negative, positive } = densityOf(observe(values));
  const sides = [
    { side: negative, magnitudes: values.filter((x) => x < 0).map((x) => -x) },
    { side: positive, magnitudes: values.filter((x) => x > 0) },
  ];
  expect(zeros).toBe(values.filter((x) => x === 0).length);
  expect(finite).toBe(values.length);
  for (const { side, magnitudes } of sides) {
    const total = (f: (x: number) => number) => magnitudes.reduce((sum, x) => sum + f(x), 0);
    expect(side.number[side.size]).toBe(magnitudes.length);
    expect(Math.abs((side.sum[side.size] as number) - total((x) => x))).toBeLessThanOrEqual(1e-4 * total((x) => x));
    const squares = total((x) => x * x);
    expect(Math.abs((side.squares[side.size] as number) - squares)).toBeLessThanOrEqual(2e-4 * squares);
  }
});

test("a point counts up to itself, but not below", () => {
  const { positive } = densityOf(observe([0.7, 0.7, 3]));
  expect(numberBelow(positive, 3)).toBe(2);
  expect(numberUpTo(positive, 3)).toBe(3);
  expect(numberUpTo(positive, Math.fround(0.7))).toBeLessThanOrEqual(2);
  expect(numberBelow(positive, 0.1)).toBe(0);
});

test("the bin above a magnitude is the same wherever it is looked for first", () => {
  const { positive } = densityOf(observe(drawFrom("gaussian", 3000)));
  const bins = fc.integer({ min: 0, max: positive.size });
  fc.assert(
    fc.property(fc.double({ min: 0, max: 6, noNaN: true }), bins, bins, (magnitude, from, likely) => {
      const found = binAboveNear(positive, magnitude, from, from + likely);
      expect(found).toBe(binAbove(positive, magnitude, from));
    }),
    { numRuns: 2000 },
  );
});
