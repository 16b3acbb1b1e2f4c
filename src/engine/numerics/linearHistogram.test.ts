import fc from "fast-check";
import { expect, test } from "vitest";
import { linearHistogram } from "./linearHistogram.ts";
import { DISTRIBUTIONS, drawFrom } from "./testing/distributions.ts";
import { observe } from "./testing/observe.ts";

const total = (counts: readonly number[]) => counts.reduce((sum, count) => sum + count, 0);

test.each(Object.keys(DISTRIBUTIONS))("%s: over min..max every value is counted", (name) => {
  const statistics = observe(drawFrom(name, 3000));
  for (const bins of [1, 7, 256]) {
    const counts = linearHistogram(statistics, { low: statistics.min, high: statistics.max }, bins);
    expect(counts).toHaveLength(bins);
    expect(total(counts)).toBeCloseTo(3000, 6);
    expect(Math.min(...counts)).toBeGreaterThanOrEqual(0);
  }
});

test("counts agree with the values, bin by bin", () => {
  const values = drawFrom("gaussian", 20000);
  const counts = linearHistogram(observe(values), { low: -2, high: 2 }, 40);
  const direct = new Array<number>(40).fill(0);
  for (const x of values) {
    const bin = Math.floor((x + 2) * 10);
    if (bin >= 0 && bin < 40) direct[bin] = (direct[bin] as number) + 1;
  }
  counts.forEach((count, bin) => {
    expect(Math.abs(count - (direct[bin] as number))).toBeLessThan(5);
  });
});

test("zeros are in the bin that starts at zero", () => {
  expect(linearHistogram(observe([0, 0, 0, -1, 1]), { low: -1, high: 1 }, 4)).toEqual([1, 0, 3, 1]);
});

test("a window of no width, or beside the values", () => {
  expect(linearHistogram(observe([2, 2]), { low: 2, high: 2 }, 3)).toEqual([2, 0, 0]);
  expect(linearHistogram(observe([1, 2]), { low: 5, high: 6 }, 2)).toEqual([0, 0]);
});

test("adjacent windows add up to the whole", () => {
  const statistics = observe(drawFrom("swish", 2000));
  fc.assert(
    fc.property(fc.double({ min: -0.2, max: 5, noNaN: true }), (cut) => {
      const left = total(linearHistogram(statistics, { low: -20, high: cut }, 9));
      const right = total(linearHistogram(statistics, { low: cut, high: 20 }, 9));
      expect(left + right).toBeCloseTo(2000 + (cut === 0 ? statistics.zeros : 0), 6);
    }),
  );
});
