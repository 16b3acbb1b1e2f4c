import { expect, test } from "vitest";
import { Observer } from "../observer.ts";
import { observe } from "../testing/observe.ts";
import { averageRange } from "./average.ts";

test("starts at the first sample and moves by 0.01 of the difference", () => {
  const { low, high } = averageRange(observe([-1, 1], [-2, 3], [0, 5]));
  expect(low).toBeCloseTo(-1.01 * 0.99, 12);
  expect(high).toBeCloseTo(1.02 + 0.01 * (5 - 1.02), 12);
});

test("follows the index of samples, not the order in which they came", () => {
  const observer = new Observer();
  observer.observe(Float32Array.of(-2, 3), 1);
  observer.observe(Float32Array.of(-1, 1), 0);
  expect(averageRange(observer.statistics())).toEqual(averageRange(observe([-1, 1], [-2, 3])));
});
