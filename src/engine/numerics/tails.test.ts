import { describe, expect, it } from "vitest";
import { densityOf } from "./density.ts";
import { clippingError, magnitudeQuantile } from "./tails.ts";
import { DISTRIBUTIONS, drawFrom } from "./testing/distributions.ts";
import { observe } from "./testing/observe.ts";

describe("tails", () => {
  it.each(Object.keys(DISTRIBUTIONS))("%s: the magnitude that a share does not exceed", (name) => {
    const values = drawFrom(name, 20_000);
    const density = densityOf(observe(values));
    const sorted = values.map(Math.abs).sort();
    const largest = sorted.at(-1) as number;
    for (const share of [0.5, 0.9, 0.999, 1]) {
      const quantile = magnitudeQuantile(density, share);
      const near = 0.003 * largest;
      const rank = Math.ceil(share * sorted.length);
      expect(quantile).toBeGreaterThanOrEqual((sorted[Math.max(0, rank - 21)] as number) - near);
      expect(quantile).toBeLessThanOrEqual((sorted[Math.min(sorted.length, rank + 20) - 1] as number) + near);
    }
  });

  it.each(Object.keys(DISTRIBUTIONS))("%s: what clipping costs", (name) => {
    const values = drawFrom(name, 20_000);
    const statistics = observe(values);
    for (const share of [1, 0.5, 0.1]) {
      const range = { low: Math.min(0, statistics.min * share), high: Math.max(0, statistics.max * share) };
      const direct =
        values.reduce((sum, x) => sum + (x - Math.min(Math.max(x, range.low), range.high)) ** 2, 0) / values.length;
      const estimated = clippingError(densityOf(statistics), range);
      expect(Math.abs(estimated - direct)).toBeLessThanOrEqual(0.01 * direct + 1e-30);
    }
  });

  it("are nothing without values", () => {
    const density = densityOf(observe([Number.NaN]));
    expect(magnitudeQuantile(density, 0.999)).toBe(0);
    expect(clippingError(density, { low: 0, high: 0 })).toBe(0);
  });
});
