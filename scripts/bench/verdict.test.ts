import { expect, test } from "vitest";
import { atLeast, atMost, median } from "./verdict.ts";

test("the median is the middle value, or the mean of the two in the middle", () => {
  expect(median([3, 1, 2])).toBe(2);
  expect(median([10, 1, 2, 9])).toBe(5.5);
  expect(median([])).toBeNaN();
});

test("a bound itself meets the target", () => {
  expect(atMost("a", 2, 2).met).toBe(true);
  expect(atMost("a", 2.001, 2).met).toBe(false);
  expect(atLeast("a", 1.4, 1.4).met).toBe(true);
  expect(atLeast("a", 1.39, 1.4).met).toBe(false);
});

test("what could not be measured is not met", () => {
  expect(atMost("a", Number.NaN, 2).met).toBe(false);
  expect(atLeast("a", Number.NaN, 2).met).toBe(false);
});
