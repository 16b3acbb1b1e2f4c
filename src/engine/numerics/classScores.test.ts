import fc from "fast-check";
import { expect, test } from "vitest";
import { argmax, isInTop, softmaxDivergence } from "./classScores.ts";

const scores = (...values: number[]) => Float32Array.of(...values);

test("the largest score, the first among equals, never NaN", () => {
  expect(argmax(scores(1, 3, 3, 2))).toBe(1);
  expect(argmax(scores(Number.NaN, -5, -Infinity))).toBe(1);
  expect(argmax(scores(Number.NaN, -Infinity))).toBe(1);
  expect(argmax(scores(Number.NaN))).toBe(-1);
});

test("top k with ties: a constant output is no hit for every label", () => {
  const constant = scores(1, 1, 1, 1);
  expect([0, 1, 2, 3].map((label) => isInTop(constant, label, 2))).toEqual([true, true, false, false]);
  expect(isInTop(scores(Number.NaN, 1), 0, 2)).toBe(false);
  expect(isInTop(scores(1, 2), 5, 5)).toBe(false);
});

test("the top 1 is the largest score, and exactly k labels are in the top k", () => {
  const some = fc.array(fc.integer({ min: 0, max: 5 }), { minLength: 1, maxLength: 12 });
  fc.assert(
    fc.property(some, fc.integer({ min: 1, max: 12 }), (values, k) => {
      const given = scores(...values);
      const labels = values.map((_, label) => label);
      expect(labels.filter((label) => isInTop(given, label, 1))).toEqual([argmax(given)]);
      expect(labels.filter((label) => isInTop(given, label, k))).toHaveLength(Math.min(k, values.length));
    }),
  );
});

test("divergence of known distributions", () => {
  const [p, q] = [
    [0.5, 0.25, 0.25],
    [0.25, 0.25, 0.5],
  ];
  const expected = 0.5 * Math.log(2) + 0.25 * Math.log(0.5);
  const [a, b] = [p, q].map((shares) => scores(...(shares as number[]).map(Math.log)));
  expect(softmaxDivergence(a as Float32Array, b as Float32Array)).toBeCloseTo(expected, 6);
});

test("divergence is never negative, zero for shifted scores, and does not overflow", () => {
  const values = fc.array(fc.integer({ min: -20, max: 20 }), { minLength: 2, maxLength: 8 });
  fc.assert(
    fc.property(values, values, (a, b) => {
      const length = Math.min(a.length, b.length);
      const [p, q] = [scores(...a.slice(0, length)), scores(...b.slice(0, length))];
      expect(softmaxDivergence(p, q)).toBeGreaterThanOrEqual(0);
      expect(
        softmaxDivergence(
          p,
          p.map((score) => score + 1000),
        ),
      ).toBeCloseTo(0, 9);
    }),
  );
  expect(softmaxDivergence(scores(1e30, 0), scores(0, 1e4))).toBeCloseTo(1e4, 6);
  expect(softmaxDivergence(scores(Number.NaN, 0), scores(0, 0))).toBeNaN();
});
