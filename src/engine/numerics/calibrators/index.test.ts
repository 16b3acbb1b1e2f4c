import fc from "fast-check";
import { expect, test } from "vitest";
import { METHODS } from "../../model/range.ts";
import { affineParameters } from "../affine.ts";
import { clipFigures } from "../figures.ts";
import { Observer } from "../observer.ts";
import { DISTRIBUTIONS, drawFrom } from "../testing/distributions.ts";
import { SCHEMES, UINT8 } from "../testing/measure.ts";
import { observe } from "../testing/observe.ts";
import { chooseRange } from "./index.ts";

test.each(METHODS)("%s gives a usable range for every distribution and scheme", (method) => {
  for (const name of Object.keys(DISTRIBUTIONS)) {
    const statistics = observe(drawFrom(name, 400), drawFrom(name, 400, 2));
    for (const scheme of SCHEMES) {
      const { low, high } = chooseRange(method, statistics, scheme);
      const { scale } = affineParameters({ low, high }, scheme);
      expect(scale).toBeGreaterThan(0);
      expect(Math.max(Math.abs(low), Math.abs(high)) === 0).toBe(name === "all zero");
    }
  }
});

test.each(METHODS)("%s takes any float32 values, NaN and infinities among them", (method) => {
  const values = fc.array(fc.oneof(fc.float(), fc.constantFrom(0, 1e-40, -1e-45, Number.NaN, Infinity)), {
    maxLength: 12,
  });
  fc.assert(
    fc.property(values, fc.constantFrom(...SCHEMES), (seen, scheme) => {
      const { low, high } = chooseRange(method, observe(seen), scheme);
      expect(low).toBeLessThanOrEqual(high);
      expect(Number.isFinite(low) && Number.isFinite(high)).toBe(true);
    }),
    { numRuns: 25 },
  );
});

test.each(METHODS)("%s: NaN and infinities change nothing", (method) => {
  const values = [...drawFrom("laplace", 500)];
  const range = chooseRange(method, observe(values), UINT8);
  expect(chooseRange(method, observe([...values, Number.NaN, Infinity, -Infinity]), UINT8)).toEqual(range);
});

test.each(METHODS)("%s: [0, 0] when nothing finite was seen", (method) => {
  expect(chooseRange(method, observe([Number.NaN, Infinity]), UINT8)).toEqual({ low: 0, high: 0 });
});

test.each(METHODS)("%s: a constant is kept", (method) => {
  for (const constant of [0.7, -3, 1e-12]) {
    const { sqnr } = clipFigures(
      observe([constant, constant]),
      UINT8,
      chooseRange(method, observe([constant, constant]), UINT8),
    );
    expect(sqnr).toBeGreaterThan(50);
  }
});

test("merged statistics give the range of the union", () => {
  const [a, b] = [drawFrom("gaussian", 1000), drawFrom("swish", 1000)];
  const merged = Observer.merge([observe(a), observe(b)]);
  const union = observe([...a, ...b]);
  for (const method of METHODS) {
    if (method === "average") continue;
    expect(chooseRange(method, merged, UINT8)).toEqual(chooseRange(method, union, UINT8));
  }
});
