import { describe, expect, test } from "vitest";
import { densityOf } from "../density.ts";
import { DISTRIBUTIONS, drawFrom } from "../testing/distributions.ts";
import { INT8_SYMMETRIC, UINT8 } from "../testing/measure.ts";
import { observe } from "../testing/observe.ts";
import { percentileRange } from "./percentile.ts";

describe.each(Object.keys(DISTRIBUTIONS))("%s", (name) => {
  const values = drawFrom(name, 450_000);
  const density = densityOf(observe(values));

  test("both ends are within one bin of a 2048-bin linear histogram of a direct computation", () => {
    const sorted = values.toSorted();
    const { low, high } = percentileRange(density, UINT8);
    const bin = (density.max - density.min) / 2048;
    expect(Math.abs(low - (sorted[2] as number))).toBeLessThanOrEqual(bin);
    expect(Math.abs(high - (sorted[sorted.length - 3] as number))).toBeLessThanOrEqual(bin);
  });

  test("symmetric: so is the bound on magnitudes", () => {
    const magnitudes = values.map(Math.abs).sort();
    const { low, high } = percentileRange(density, INT8_SYMMETRIC);
    const bound = Math.max(Math.abs(low), Math.abs(high));
    const largest = magnitudes[magnitudes.length - 1] as number;
    expect(Math.abs(bound - (magnitudes[magnitudes.length - 5] as number))).toBeLessThanOrEqual(largest / 2048);
  });
});

test("with too few values to cut any, the extremes are exact", () => {
  const values = drawFrom("laplace", 50_000);
  const density = densityOf(observe(values));
  expect(percentileRange(density, UINT8)).toEqual({ low: density.min, high: density.max });
  expect(percentileRange(density, INT8_SYMMETRIC)).toEqual({ low: density.min, high: density.max });
});
