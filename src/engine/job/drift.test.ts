import { expect, test } from "vitest";
import type { TensorDrift } from "../model/drift.ts";
import { verdictOf } from "./drift.ts";

const tensor = (changes: Partial<TensorDrift> = {}): TensorDrift => ({
  tensor: "x",
  producer: null,
  range: { low: 0, high: 1 },
  clipped: { calibrated: 0.01, seen: 0.012 },
  overrun: { calibrated: 0.3, seen: 0.5 },
  kl: 0.05,
  nonFinite: { calibrated: 0, seen: 0 },
  ...changes,
});

test.each([
  ["fine", {}, "0.0500 nat"],
  ["recalibrate", { kl: 0.3 }, "KL of 0.300 nat"],
  ["recalibrate", { clipped: { calibrated: 0.01, seen: 0.05 } }, "clips 5.00 %"],
  ["recalibrate", { overrun: { calibrated: 0.3, seen: 5.5 } }, "5.50 times the width"],
  ["other data", { kl: 0.6, clipped: { calibrated: 0, seen: 0.5 } }, "KL of 0.600 nat"],
  ["recalibrate", { overrun: { calibrated: 0, seen: Infinity } }, "y was 0 throughout"],
  ["other data", { kl: Number.NaN }, "–"],
  ["other data", { nonFinite: { calibrated: 0, seen: 3 } }, "3 values"],
] as const)("%s: %o", (verdict, changes, figure) => {
  const found = verdictOf([tensor(), tensor({ tensor: "y", ...changes })], 100);
  expect(found.verdict).toBe(verdict);
  expect(found.reason).toContain(figure);
  if (verdict !== "fine") expect(found.reason).toContain("y");
});

test("what was clipped, far out or not finite when it was calibrated counts as it was then", () => {
  const known = { clipped: { calibrated: 0.3, seen: 0.31 }, overrun: { calibrated: 4, seen: 4.2 } };
  expect(verdictOf([tensor({ ...known, nonFinite: { calibrated: 1, seen: 2 } })], 100).verdict).toBe("fine");
});

test("what one sample of few may clip alone is no drift", () => {
  const clipped = { calibrated: 0.01, seen: 0.07 };
  expect(verdictOf([tensor({ clipped })], 10).verdict).toBe("fine");
  expect(verdictOf([tensor({ clipped })], 40).verdict).toBe("recalibrate");
});

test.each([false, true])(
  "a tensor that was far out of a range of 0 alone hides none that lies out now; reversed: %s",
  (isReversed) => {
    const before = tensor({ overrun: { calibrated: Infinity, seen: Infinity } });
    const tensors = [before, tensor({ tensor: "y", overrun: { calibrated: 0, seen: 1000 } })];
    const { verdict, reason } = verdictOf(isReversed ? tensors.toReversed() : tensors, 100);
    expect([verdict, reason]).toEqual(["recalibrate", expect.stringContaining("y")]);
    expect(verdictOf([before], 100).verdict).toBe("fine");
  },
);
