import { expect, it } from "vitest";
import type { Recipe } from "../model/recipe.ts";
import { summarizeModel } from "./open.ts";
import { openRecorded, recordedRecipe, SAMPLE } from "./testing/recorded.ts";

it("names what int8 activations keep in float, and how much of it uint8 would not", async () => {
  const recipe = recordedRecipe(SAMPLE, "s8");
  const model = await openRecorded(SAMPLE, recipe.inputs);
  const said = (changes: Partial<Recipe>) =>
    summarizeModel(model, { ...recipe, ...changes }).notices.find(({ subject }) => subject === "computed in float");
  const message = said({})?.message ?? "";
  expect(message).toMatch(
    /^ONNX Runtime has no integer kernel for 13 layers .*\/stem\/conv\/Conv \(Conv\).* and 8 more\. /,
  );
  expect(message).toMatch(/ With asymmetric uint8 activations 13 of them would be computed in integers\.$/);
  expect(said({ activations: { type: "uint8", symmetric: false } })).toBeUndefined();
  expect(said({ format: "qoperator" })).toBeUndefined();
});

it("warns of products by 2-bit weights that samples taught nothing", async () => {
  const recipe = recordedRecipe(SAMPLE, "s8");
  const model = await openRecorded(SAMPLE, recipe.inputs);
  const said = (weights: Partial<Recipe["weights"]>) =>
    summarizeModel(model, { ...recipe, format: "weights", weights: { ...recipe.weights, ...weights } }).notices.find(
      ({ subject }) => subject === "2 bits",
    );
  expect(said({ type: "int2" })).toEqual({
    ...{ kind: "warning", subject: "2 bits" },
    message:
      "1 layer (Gemm) in 2 bits, rounded to nearest, often is noise; evaluate the file on samples. Codes found on samples (gptq), learned rounding, or int4, keep more.",
  });
  expect(said({ type: "int2", rounding: "learned" })).toBeUndefined();
  expect(said({ type: "int4" })).toBeUndefined();
});
