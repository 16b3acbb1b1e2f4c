import { expect, test } from "vitest";
import type { Recipe } from "../model/recipe.ts";
import { PLAIN_RECIPE } from "../model/testing/recipe.ts";
import { withFormat, withGroupRange } from "./edits.ts";

const taught: Recipe = {
  ...PLAIN_RECIPE,
  prints: "abcdefgh",
  spared: {},
  resolved: { a: { low: 0, high: 1 }, b: { low: 0, high: 4 } },
};

test("samples that taught a range are known after another range was set by hand", () => {
  expect(withGroupRange(taught, "b", { low: 0, high: 2 }, null).prints).toBe(taught.prints);
});

test("no samples are known where nothing is left that they taught", () => {
  expect(withFormat({ ...taught, biases: {} }, "weights").prints).toBeNull();
});
