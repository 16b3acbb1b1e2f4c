import fc from "fast-check";
import { expect, test } from "vitest";
import { spearman, splitHalfReliability } from "./ranking.ts";

test("known vectors, with and without ties", () => {
  expect(
    spearman([
      [1, 10],
      [2, 20],
      [3, 30],
    ]),
  ).toBe(1);
  expect(
    spearman([
      [1, 3],
      [2, 2],
      [3, 1],
    ]),
  ).toBe(-1);
  expect(
    spearman([
      [1, 2],
      [2, 1],
      [3, 4],
      [4, 3],
    ]),
  ).toBeCloseTo(0.6, 12);
  expect(
    spearman([
      [1, 1],
      [2, 1],
      [3, 2],
    ]),
  ).toBeCloseTo(Math.sqrt(3) / 2, 12);
  expect(
    spearman([
      [1, 5],
      [2, 5],
    ]),
  ).toBeNaN();
  expect(
    splitHalfReliability([
      [1, 2],
      [2, 1],
      [3, 4],
      [4, 3],
    ]),
  ).toBeCloseTo(0.75, 12);
});

test("only the order counts, and the two sides can be exchanged", () =>
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.integer({ min: -50, max: 50 }), fc.integer({ min: -50, max: 50 })), { minLength: 3 }),
      (pairs) => {
        const direct = spearman(pairs);
        expect(spearman(pairs.map(([a, b]) => [a ** 3 * 7 + 2, b] as const))).toBe(direct);
        const swapped = spearman(pairs.map(([a, b]) => [b, a] as const));
        if (Number.isNaN(direct)) expect(swapped).toBeNaN();
        else expect(swapped).toBeCloseTo(direct, 12);
      },
    ),
  ));
