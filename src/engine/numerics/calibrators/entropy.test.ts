import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { densityOf } from "../density.ts";
import { directDivergences } from "../testing/directEntropy.ts";
import { drawFrom } from "../testing/distributions.ts";
import { observe } from "../testing/observe.ts";
import { divergencesOf, entropyRange, leastDivergence } from "./entropy.ts";

function histogramOf(values: Float32Array): Float64Array {
  const bound = values.reduce((largest, x) => Math.max(largest, Math.abs(x)), 0);
  const counts = new Float64Array(2048);
  for (const x of values) {
    const bin = Math.min(2047, Math.floor((Math.abs(x) / bound) * 2048));
    counts[bin] = (counts[bin] as number) + 1;
  }
  return counts;
}

describe.each([
  "gaussian",
  "laplace",
  "relu of a gaussian",
  "clip to [0, 6]",
  "bimodal",
  "all negative",
  "swish",
  "around 1e-12",
])("%s", (name) => {
  const values = drawFrom(name, 200_000);
  const direct = directDivergences(values);
  const least = Math.min(...direct.byBins);

  test("the divergence at the threshold is within 1 % of the least that a direct implementation finds", () => {
    const { low, high } = entropyRange(densityOf(observe(values)));
    const kept = Math.floor(Math.max(-low, high) / direct.binWidth);
    expect(direct.byBins[kept]).toBeLessThanOrEqual(least * 1.01);
  });

  test("running totals give the direct divergences", () => {
    const divergence = divergencesOf(histogramOf(values));
    for (let kept = 128; kept < 2048; kept += 7) {
      const expected = direct.byBins[kept] as number;
      const fast = divergence(kept, Infinity);
      if (expected === Infinity) expect(fast).toBe(Infinity);
      else expect(Math.abs(fast - expected)).toBeLessThan(1e-9);
    }
  });
});

test("the range never exceeds what was seen, on either side", () => {
  const { low, high } = entropyRange(densityOf(observe(drawFrom("swish", 50_000))));
  expect(low).toBeGreaterThan(-0.3);
  expect(high).toBeLessThan(15);
});

test("zeros after a Relu do not decide the threshold", () => {
  const values = drawFrom("relu of a gaussian", 100_000);
  const withoutZeros = values.filter((x) => x !== 0);
  const [all, some] = [values, withoutZeros].map((seen) => entropyRange(densityOf(observe(seen))).high);
  expect(Math.abs((all as number) / (some as number) - 1)).toBeLessThan(0.1);
});

test("what is given up early is never the threshold: it is the last of least divergence", () => {
  const counts = fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 3 }), fc.integer({ min: 0, max: 1e9 }));
  const flat = fc.array(fc.tuple(fc.integer({ min: 0, max: 2047 }), fc.integer({ min: 1, max: 400 }), counts), {
    minLength: 1,
    maxLength: 30,
  });
  fc.assert(
    fc.property(flat, fc.integer(), (runs, seed) => {
      const histogram = new Float64Array(2048);
      const noise = (bin: number) => Math.abs((Math.imul(bin + 1, seed | 1) >>> 8) % 5);
      for (const [from, length, count] of runs) {
        for (let bin = from; bin < Math.min(2048, from + length); bin++) histogram[bin] = count + noise(bin);
      }
      const divergence = divergencesOf(histogram);
      const all = Array.from(histogram, (_, kept) => (kept < 128 ? Infinity : divergence(kept, Infinity)));
      const least = Math.min(...all);
      expect(leastDivergence(histogram)).toBe(least === Infinity ? null : all.lastIndexOf(least));
    }),
    { numRuns: 300 },
  );
});
