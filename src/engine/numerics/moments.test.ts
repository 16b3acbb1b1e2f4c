import { expect, test } from "vitest";
import { momentsOf } from "./moments.ts";
import { DISTRIBUTIONS, drawFrom } from "./testing/distributions.ts";
import { observe } from "./testing/observe.ts";

test.each(Object.keys(DISTRIBUTIONS))("%s: mean and deviation are those of the values", (name) => {
  const values = drawFrom(name, 5000);
  const mean = values.reduce((sum, x) => sum + x, 0) / values.length;
  const deviation = Math.sqrt(values.reduce((sum, x) => sum + (x - mean) ** 2, 0) / values.length);
  const found = momentsOf(observe(values));
  expect(Math.abs(found.mean - mean)).toBeLessThanOrEqual(1e-3 * (Math.abs(mean) + deviation));
  expect(Math.abs(found.deviation - deviation)).toBeLessThanOrEqual(1e-3 * (Math.abs(mean) + deviation));
});

test("a constant does not deviate, and zeros and values that are not finite are what they are", () => {
  expect(momentsOf(observe([3, 3, 3]))).toEqual({ mean: 3, deviation: 0 });
  expect(momentsOf(observe([0, 0, 2, 2, Number.NaN, Infinity]))).toEqual({ mean: 1, deviation: 1 });
  expect(momentsOf(observe([Number.NaN]))).toEqual({ mean: Number.NaN, deviation: Number.NaN });
});
