import { beforeEach, expect, test, vi } from "vitest";
import type { Recipe } from "../../engine/model/recipe.ts";
import type { Refinement } from "../../engine/model/refinement.ts";
import { PLAIN_RECIPE } from "../../engine/model/testing/recipe.ts";
import { withBlock, withFloat, withFormat, withWeightAlgorithm, withWeightType } from "../../engine/recipe/edits.ts";
import { begin } from "./history.ts";
import { runJob } from "./jobs.ts";
import { editRecipe } from "./recipe.ts";
import { isRefinedBy, measureRefinement, refinementIsStale } from "./refinement.ts";
import type { OpenModel } from "./slices/project.ts";
import { actions, studio } from "./store.ts";
import { fresh, given } from "./testing/given.ts";

vi.mock("./jobs.ts", () => ({ runJob: vi.fn() }));

const job = vi.mocked(runJob);
const blocks = withBlock(withWeightType(withFormat(PLAIN_RECIPE, "weights"), "uint4"), 32);
const result: Refinement = { weights: [], nearest: 20, refined: 21 };
const isStale = () => refinementIsStale(studio.getState());

beforeEach(() => {
  job.mockReset();
  fresh();
  given({ model: { file: {} } as OpenModel, recipe: begin(blocks) });
});

test("scales of blocks are refined where neither another algorithm nor another type is chosen", () => {
  const without = (weights: Partial<Recipe["weights"]>) => ({ ...blocks, weights: { ...blocks.weights, ...weights } });
  expect(isRefinedBy(blocks)).toBe(true);
  expect(isRefinedBy(without({ algorithm: "hqq" }))).toBe(true);
  expect(isRefinedBy(PLAIN_RECIPE)).toBe(false);
  expect(isRefinedBy({ ...blocks, format: "float16" })).toBe(false);
  for (const algorithm of ["nearest", "gptq", "awq"] as const) expect(isRefinedBy(without({ algorithm }))).toBe(false);
  expect(isRefinedBy(without({ type: "nf4" }))).toBe(false);
});

test("what was gained is shown of the recipe that it was measured under, and is stale with other weights alone", async () => {
  expect(isStale()).toBe(true);
  job.mockImplementationOnce((plan) => plan.run({ refinement: async () => result } as never, () => undefined));
  await measureRefinement();
  expect(studio.getState().results.refinement).toEqual({ result, recipe: blocks });
  expect(isStale()).toBe(false);
  editRecipe("seed", (recipe) => ({ ...recipe, seed: 5 }));
  expect(isStale()).toBe(false);
  editRecipe("blocks", (recipe) => withBlock(recipe, 64));
  expect(isStale()).toBe(true);
  actions.recipeUndone();
  expect(isStale()).toBe(false);
  editRecipe("float", (recipe) => withFloat(recipe, "layers", ["fc"], true));
  expect(isStale()).toBe(true);
  actions.recipeUndone();
  editRecipe("algorithm", (recipe) => withWeightAlgorithm(recipe, "nearest"));
  expect(isStale()).toBe(true);
});

test("what comes when another model is open, or was cancelled, is not taken", async () => {
  job.mockImplementationOnce(async () => {
    given({ model: { file: {} } as OpenModel });
    return result;
  });
  await measureRefinement();
  job.mockResolvedValueOnce(null);
  await measureRefinement();
  expect(studio.getState().results.refinement).toBeNull();
});
