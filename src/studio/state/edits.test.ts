import { expect, test } from "vitest";
import type { Recipe } from "../../engine/model/recipe.ts";
import {
  INT8,
  samePlan,
  withActivations,
  withFloat,
  withGranularity,
  withGroupDefault,
  withGroupMethod,
  withGroupRange,
  withMethod,
} from "./edits.ts";

const recipe: Recipe = {
  version: 1,
  model: { name: "net", sha256: "00" },
  format: "qdq",
  activations: { type: "uint8", symmetric: false },
  weights: { type: "int8", granularity: "channel" },
  corrections: { equalization: false, bias: "none" },
  method: "auto",
  methods: { a: "entropy" },
  ranges: { b: { low: 0, high: 2 } },
  float: { layers: [], operators: [], tensors: [] },
  preprocess: null,
  inputs: { shapes: {}, values: {} },
  resolved: { a: { low: 0, high: 1 }, b: { low: 0, high: 2 }, c: { low: -1, high: 1 } },
  biases: null,
};

test("a range by hand replaces a method, settles its own range and no other", () => {
  const edited = withGroupRange(recipe, "a", { low: 0, high: 3 });
  expect(edited.methods).toEqual({});
  expect(edited.ranges).toEqual({ a: { low: 0, high: 3 }, b: { low: 0, high: 2 } });
  expect(edited.resolved).toEqual({ ...recipe.resolved, a: { low: 0, high: 3 } });
});

test("adopting a method takes back the range by hand", () => {
  const edited = withGroupMethod(recipe, "b", "mse", { low: 0, high: 1.5 });
  expect(edited.methods).toEqual({ a: "entropy", b: "mse" });
  expect(edited.ranges).toEqual({});
  expect(edited.resolved?.b).toEqual({ low: 0, high: 1.5 });
});

test("what concerns more than one range asks the engine to settle again", () => {
  for (const edited of [
    withMethod(recipe, "mse"),
    withActivations(recipe, INT8),
    withFloat(recipe, "layers", "conv", true),
    withGroupDefault(recipe, "a"),
  ]) {
    expect(edited.resolved).toBeNull();
  }
  expect(withGranularity(recipe, "tensor").resolved).toBe(recipe.resolved);
});

test("a layer goes to float once and comes back", () => {
  const once = withFloat(withFloat(recipe, "layers", "conv", true), "layers", "conv", true);
  expect(once.float.layers).toEqual(["conv"]);
  expect(samePlan(once, recipe)).toBe(false);
  expect(samePlan(withFloat(once, "layers", "conv", false), recipe)).toBe(true);
});
