import fc from "fast-check";
import { expect, test } from "vitest";
import { change, percent, percentFrom, points, pointsOf } from "./shares.ts";

test.each([
  [0, "0 %"],
  [1e-7, "<0.001 %"],
  [1e-5, "0.00100 %"],
  [0.9095, "91.0 %"],
  [0.9994, "99.9 %"],
  [0.9996, ">99.9 %"],
  [1, "100 %"],
  [1.5, "150 %"],
  [-0.25, "−25.0 %"],
  [Number.NaN, "– %"],
])("%s in percent", (share, text) => expect(percent(share)).toBe(text));

test("only nothing is said to be 0 %, and only all 100 %", () => {
  fc.assert(
    fc.property(fc.double({ min: 0, max: 1, noNaN: true, minExcluded: true, maxExcluded: true }), (share) => {
      expect(["0 %", "100 %"]).not.toContain(percent(share));
    }),
  );
  expect(percentFrom(1e-4, 0.00002)).toBe("<0.01 %");
});

test("differences carry their unit, and changes their sign", () => {
  expect([points(-0.0033), points(0.01), points(0), points(-0)]).toEqual(["−0.330 pt", "+1.00 pt", "0 pt", "0 pt"]);
  expect([pointsOf(0.01), pointsOf(-0.01)]).toEqual(["1.00 pt", "−1.00 pt"]);
  expect([change(200, 50), change(2, 4), change(3, 3)]).toEqual(["−75.0 %", "+100 %", "0 %"]);
});
