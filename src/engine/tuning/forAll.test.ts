import { expect, it } from "vitest";
import type { Recipe } from "../model/recipe.ts";
import { PLAIN_RECIPE } from "../model/testing/recipe.ts";
import { makeNode } from "../onnx/attributes.ts";
import { buildModel, floatInput, noise } from "../onnx/testing/build.ts";
import { planQuantization } from "../plan/plan.ts";
import { ORT } from "../targets/ort.ts";
import { suggestionsForAll } from "./forAll.ts";

const PER_TENSOR = { type: "int8", granularity: "tensor", rounding: "nearest" } as const;

/** x -> Conv -> Relu -> Conv: one pair of layers whose channels can be equalized. */
function kindsFor(change: Partial<Recipe>) {
  const model = buildModel({
    opset: 13,
    inputs: [floatInput("x", [1, 4, 8, 8])],
    outputs: ["y"],
    nodes: [
      makeNode("Conv", ["x", "v"], ["a"], { name: "first" }),
      makeNode("Relu", ["a"], ["b"], { name: "relu" }),
      makeNode("Conv", ["b", "w"], ["y"], { name: "second" }),
    ],
    constants: { v: noise([4, 4, 3, 3], 1), w: noise([4, 4, 3, 3], 2) },
  });
  const types = new Map(["x", "a", "b", "y"].map((name) => [name, "float32" as const]));
  const recipe = { ...PLAIN_RECIPE, ...change };
  const plan = planQuantization(model.graph!, types, recipe, ORT);
  return suggestionsForAll(plan, recipe).map(({ edit: { kind } }) => kind);
}

it("offers for all layers what the recipe lacks, the format has and the model has a place for", () => {
  const none = { equalization: false, bias: "none" } as const;
  expect(kindsFor({ weights: PER_TENSOR, corrections: none })).toEqual(["granularity", "equalization", "bias"]);
  expect(kindsFor({ weights: PER_TENSOR, corrections: { equalization: true, bias: "empirical" } })).toEqual([
    "granularity",
  ]);
  expect(kindsFor({ weights: { ...PER_TENSOR, granularity: "channel" }, corrections: none })).toEqual(["bias"]);
  expect(kindsFor({ weights: PER_TENSOR, corrections: none, format: "dynamic" })).toEqual(["granularity"]);
  expect(kindsFor({ weights: PER_TENSOR, corrections: none, format: "weights" })).toEqual([]);
});

it("offers learned rounding where codes are few, once, and where it can be learned", () => {
  const corrections = { equalization: false, bias: "empirical" } as const;
  const int4 = { type: "int4", granularity: "channel", rounding: "nearest" } as const;
  expect(kindsFor({ weights: int4, corrections })).toEqual(["rounding"]);
  expect(kindsFor({ weights: int4, corrections, format: "weights" })).toEqual(["rounding"]);
  expect(kindsFor({ weights: { ...int4, rounding: "learned" }, corrections })).toEqual([]);
  expect(kindsFor({ weights: { ...int4, type: "int8" }, corrections })).toEqual([]);
  expect(kindsFor({ weights: { ...int4, type: "uint4" }, corrections, format: "weights" })).toEqual([]);
});
