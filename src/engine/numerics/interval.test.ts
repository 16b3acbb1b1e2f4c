import fc from "fast-check";
import { expect, test } from "vitest";
import { medianInterval, pairedDifference, quantile } from "./interval.ts";

test("a worked example: 10 of 100 only float, 2 only quantized", () => {
  const { difference, interval } = pairedDifference({ samples: 100, onlyFirst: 10, onlySecond: 2 });
  const [p, q] = [11 / 102, 3 / 102];
  const reach = 1.959964 * Math.sqrt((p + q - (p - q) ** 2) / 102);
  expect(difference).toBeCloseTo(0.08, 12);
  expect(interval[0]).toBeCloseTo(p - q - reach, 6);
  expect(interval[1]).toBeCloseTo(p - q + reach, 6);
});

test("agreement everywhere still leaves doubt, which shrinks with samples", () => {
  const width = (samples: number) => {
    const [low, high] = pairedDifference({ samples, onlyFirst: 0, onlySecond: 0 }).interval;
    return high - low;
  };
  expect(width(10)).toBeGreaterThan(width(100));
  expect(width(100)).toBeGreaterThan(0);
});

test("the interval holds the difference, and swaps with the roles", () => {
  const table = fc.tuple(fc.nat({ max: 500 }), fc.nat({ max: 500 }), fc.integer({ min: 1, max: 500 }));
  fc.assert(
    fc.property(table, ([onlyFirst, onlySecond, both]) => {
      const samples = onlyFirst + onlySecond + both;
      const { difference, interval } = pairedDifference({ samples, onlyFirst, onlySecond });
      expect(interval[0]).toBeLessThanOrEqual(difference);
      expect(interval[1]).toBeGreaterThanOrEqual(difference);
      const swapped = pairedDifference({ samples, onlyFirst: onlySecond, onlySecond: onlyFirst });
      expect(swapped.interval[0]).toBeCloseTo(-interval[1], 12);
    }),
  );
});

test("the interval covers the true drop about 95 times in 100", () => {
  const [n, p, q] = [60, 0.12, 0.05];
  let covered = 0;
  const logs = [0];
  for (let i = 1; i <= n; i++) logs.push((logs[i - 1] as number) + Math.log(i));
  for (let a = 0; a <= n; a++) {
    for (let b = 0; a + b <= n; b++) {
      const rest = n - a - b;
      const ways = (logs[n] as number) - (logs[a] as number) - (logs[b] as number) - (logs[rest] as number);
      const [low, high] = pairedDifference({ samples: n, onlyFirst: a, onlySecond: b }).interval;
      if (low <= p - q && p - q <= high) {
        covered += Math.exp(ways + a * Math.log(p) + b * Math.log(q) + rest * Math.log(1 - p - q));
      }
    }
  }
  expect(covered).toBeGreaterThan(0.94);
  expect(covered).toBeLessThan(0.98);
});

test("no samples, no interval", () => {
  expect(() => pairedDifference({ samples: 0, onlyFirst: 0, onlySecond: 0 })).toThrow(RangeError);
});

test("quantiles interpolate between order statistics", () => {
  expect(quantile([4, 1, 3, 2], 0.5)).toBe(2.5);
  expect(quantile([10, 20, 30], 0.95)).toBeCloseTo(29, 12);
  expect(quantile([7], 0.95)).toBe(7);
  expect(quantile([3, 1, 2], 0)).toBe(1);
  expect(quantile([3, 1, 2], 1)).toBe(3);
  expect(() => quantile([], 0.5)).toThrow(RangeError);
});

test("the interval of a median holds it in 95 of 100 draws, and is all there is of few values", () => {
  expect(medianInterval([3, 1, 2])).toEqual([1, 3]);
  expect(medianInterval([7])).toEqual([7, 7]);
  expect(medianInterval([9, 1, 8, 2, 7, 3, 6, 4, 5])).toEqual([2, 8]);
  expect(() => medianInterval([])).toThrow(RangeError);
  let state = 12345;
  const uniform = () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
  let held = 0;
  for (let draw = 0; draw < 2000; draw++) {
    const [low, high] = medianInterval(Array.from({ length: 40 }, uniform));
    if (low <= 0.5 && high >= 0.5) held++;
  }
  expect(held / 2000).toBeGreaterThan(0.93);
  expect(held / 2000).toBeLessThan(0.98);
});
