import { beforeEach, expect, test, vi } from "vitest";
import type { Calibration } from "../../../workers/protocol.ts";
import type { Preprocess } from "../../engine/model/preprocess.ts";
import type { Recipe } from "../../engine/model/recipe.ts";
import { PLAIN_RECIPE } from "../../engine/model/testing/recipe.ts";
import { withCorrections, withLearnedRounding, withMethod } from "../../engine/recipe/edits.ts";
import { scalingOf } from "../../engine/recipe/scaling.ts";
import { begin } from "./history.ts";
import { runJob } from "./jobs.ts";
import { editRecipe, fits, resolveRecipe } from "./recipe.ts";
import type { OpenData } from "./slices/project.ts";
import { actions, studio } from "./store.ts";
import { given } from "./testing/given.ts";

vi.mock("./jobs.ts", () => ({ runJob: vi.fn() }));

const RECIPE: Recipe = PLAIN_RECIPE;
const calibration = { wanted: 4, equalized: false, seed: null } as Calibration;
const resolved = { a: { low: 0, high: 1 } };
const job = vi.mocked(runJob);
const settled = (recipe: Recipe, by = calibration) => ({ recipe, calibration: by });

beforeEach(() => {
  job.mockReset();
  given({ recipe: begin(RECIPE), data: null, calibration, calibratedOn: null });
});

test("a recipe that is changed while its ranges are chosen has them chosen again", async () => {
  job.mockImplementationOnce(async () => {
    editRecipe("method", (recipe) => withMethod(recipe, "entropy"));
    return settled({ ...RECIPE, resolved });
  });
  job.mockImplementationOnce(async () => settled({ ...RECIPE, method: "entropy", resolved }));
  expect(await resolveRecipe(calibration)).toMatchObject({ method: "entropy", resolved });
  expect(studio.getState().project.recipe?.present).toMatchObject({ method: "entropy", resolved });
  expect(job).toHaveBeenCalledTimes(2);
  for (const [plan] of job.mock.calls) expect(plan.settles).toBe(true);
});

test("a choice that was cancelled, or whose model was closed meanwhile, ends", async () => {
  job.mockResolvedValueOnce(null);
  expect(await resolveRecipe(calibration)).toBeNull();
  job.mockImplementationOnce(async () => {
    given({ recipe: null });
    return settled({ ...RECIPE, resolved });
  });
  expect(await resolveRecipe(calibration)).toBeNull();
  expect(job).toHaveBeenCalledTimes(2);
});

test("what corrections came to and the statistics they needed are kept, in one step of undo", async () => {
  given({ data: {} as OpenData });
  const equalized = { wanted: 4, equalized: true, seed: null } as Calibration;
  const factors = { a: { divide: [2], absorb: [0] } };
  editRecipe("equalization", (recipe) => withCorrections(recipe, { equalization: true }));
  job.mockImplementationOnce(async () =>
    settled({ ...studio.getState().project.recipe!.present, resolved, factors, biases: {} }, equalized),
  );
  expect(await resolveRecipe(calibration)).toMatchObject({ resolved, factors });
  expect(studio.getState().project.calibration).toBe(equalized);
  actions.recipeUndone();
  expect(studio.getState().project.recipe?.present).toEqual(RECIPE);
});

test("undoing equalization takes the earlier statistics up again, and redoing it the equalized ones, without a job", async () => {
  given({ data: {} as OpenData, recipe: begin({ ...RECIPE, resolved }) });
  const equalized = { ...calibration, equalized: true };
  const factors = { a: { divide: [2], absorb: [0] } };
  editRecipe("equalization", (recipe) => withCorrections(recipe, { equalization: true }));
  job.mockImplementationOnce(async () =>
    settled({ ...studio.getState().project.recipe!.present, resolved, factors }, equalized),
  );
  await resolveRecipe(calibration);
  actions.recipeUndone();
  expect(await resolveRecipe(equalized)).toMatchObject({ factors: null });
  expect(studio.getState().project.calibration).toBe(calibration);
  actions.recipeRedone();
  expect(await resolveRecipe(calibration)).toMatchObject({ factors });
  expect(studio.getState().project.calibration).toBe(equalized);
  expect(job).toHaveBeenCalledTimes(1);
});

test("without the samples nothing is learned: what is chosen stays, and equalizing asks for them", async () => {
  editRecipe("bias", (recipe) => ({ ...withCorrections(recipe, { bias: "empirical" }), resolved }));
  expect(await resolveRecipe(calibration)).toMatchObject({ resolved, biases: null });
  editRecipe("equalization", (recipe) => withCorrections(recipe, { equalization: true }));
  expect(await resolveRecipe(calibration)).toBeNull();
  const alerts = () => studio.getState().work.alerts.map(({ message }) => message);
  expect(alerts().at(-1)).toMatch(/^Equalizing changes what .*drop the samples in again/);
  editRecipe("order", (recipe) => ({ ...withCorrections(recipe, { equalization: false }), seed: 7 }));
  expect(await resolveRecipe(calibration)).toBeNull();
  expect(alerts().at(-1)).toMatch(/^Taking samples in another order changes what .*drop the samples in again/);
  expect(job).not.toHaveBeenCalled();
});

test("biases by BatchNorm’s means are worked out without the samples, once", async () => {
  const corrections = { equalization: false, bias: "analytic" } as const;
  given({ recipe: begin({ ...RECIPE, resolved, corrections }) });
  job.mockImplementation(async (plan) => {
    const resolve = async (recipe: Recipe) => ({ ...recipe, resolved, biases: {} });
    return plan.run({ resolve } as never, () => undefined);
  });
  expect(await resolveRecipe(calibration)).toMatchObject({ resolved, corrections, biases: {} });
  await resolveRecipe(calibration);
  expect(job).toHaveBeenCalledTimes(1);
});

test("biases wait for rounding that is not learned yet, and come with it", async () => {
  const corrections = { equalization: false, bias: "empirical" } as const;
  const weights = { ...RECIPE.weights, rounding: "learned" } as const;
  given({ data: {} as OpenData, recipe: begin({ ...RECIPE, weights, corrections }) });
  const asked: Recipe[] = [];
  job.mockImplementation(async (plan) => {
    const settle = async (recipe: Recipe) => {
      asked.push(recipe);
      const biases = recipe.corrections.bias === "none" ? null : { conv: [1] };
      return settled({ ...recipe, resolved, biases });
    };
    return plan.run({ settle } as never, () => undefined);
  });
  expect(await resolveRecipe(calibration)).toMatchObject({ weights, corrections, resolved, biases: null });
  expect(asked[0]).toMatchObject({ weights: RECIPE.weights, corrections: { bias: "none" } });
  expect(await resolveRecipe(calibration)).toMatchObject({ biases: null });
  expect(asked).toHaveLength(1);

  const rounding = { conv: "AQ==" };
  const learned = { rounding, biases: { conv: [2] }, prints: null };
  editRecipe("rounding", (recipe) => withLearnedRounding(recipe, learned));
  expect(await resolveRecipe(calibration)).toMatchObject({ weights, corrections, rounding, biases: { conv: [2] } });
  expect(asked).toHaveLength(1);
  expect(studio.getState().project.recipe?.present.rounding).toBe(rounding);
});

test("whoever asks while ranges are chosen gets the same answer from one job", async () => {
  job.mockImplementationOnce(async () => settled({ ...RECIPE, resolved }));
  const answers = await Promise.all([resolveRecipe(calibration), resolveRecipe(calibration)]);
  expect(answers).toEqual([
    { ...RECIPE, resolved },
    { ...RECIPE, resolved },
  ]);
  expect(job).toHaveBeenCalledTimes(1);
});

test("statistics put aside of other samples are not taken up, though they are as many", async () => {
  const [here, there] = ["here", "there"].map((samplesFingerprint) => ({ samplesFingerprint }) as OpenData);
  const equalized = { ...calibration, equalized: true };
  const factors = { a: { divide: [2], absorb: [0] } };
  const learned = () => settled({ ...studio.getState().project.recipe!.present, resolved, factors }, equalized);
  given({ data: here!, samples: 4, calibratedOn: "here", recipe: begin({ ...RECIPE, resolved }) });
  editRecipe("equalization", (recipe) => withCorrections(recipe, { equalization: true }));
  job.mockImplementationOnce(async () => learned());
  await resolveRecipe(calibration);
  const elsewhere = { ...equalized };
  given({ data: there!, calibration: elsewhere, calibratedOn: "there" });
  editRecipe("equalization", (recipe) => withCorrections(recipe, { equalization: false }));
  const anew = { ...calibration };
  job.mockImplementationOnce(async () =>
    settled({ ...studio.getState().project.recipe!.present, resolved: { a: { low: 0, high: 3 } } }, anew),
  );
  expect(await resolveRecipe(elsewhere)).toMatchObject({ resolved: { a: { low: 0, high: 3 } } });
  expect(studio.getState().project).toMatchObject({ calibratedOn: "there" });
  expect(studio.getState().project.calibration).toBe(anew);
});

test("a calibration that comes while ranges are chosen from another has them chosen from it", async () => {
  const imported = { wanted: 9, equalized: false, seed: null } as Calibration;
  const other = { a: { low: 0, high: 2 } };
  job.mockImplementationOnce(async () => {
    actions.calibrationImported(imported, RECIPE, "import", 0);
    return settled({ ...RECIPE, resolved });
  });
  job.mockImplementationOnce(async () => settled({ ...RECIPE, resolved: other }, imported));
  expect(await resolveRecipe(calibration)).toMatchObject({ resolved: other });
  expect(studio.getState().project.recipe?.present).toMatchObject({ resolved: other });
  expect(studio.getState().project.calibration).toBe(imported);
});

test("where a model is calibrated again, it is on the samples chosen now, and nothing that others taught is kept", async () => {
  const data = { samplesFingerprint: "there" } as OpenData;
  const taught = { ...RECIPE, resolved, preprocess: { scale: 1 } as Preprocess };
  const asked: unknown[] = [];
  job.mockImplementation(async (plan) => {
    const settle = async (recipe: Recipe, samples: number) => {
      asked.push([recipe.resolved, samples]);
      return settled({ ...recipe, resolved: {} }, { ...calibration, preprocess: recipe.preprocess });
    };
    return plan.run({ settle } as never, () => undefined);
  });
  given({ data, samples: 3, calibratedOn: "here", recipe: begin(taught) });
  await resolveRecipe(calibration);
  expect(asked).toEqual([[null, 3]]);
  expect(studio.getState().project).toMatchObject({ calibratedOn: "there", calibration: { preprocess: { scale: 1 } } });
  given({ data, samples: 3, calibration, calibratedOn: "here", recipe: begin(RECIPE) });
  await resolveRecipe(calibration);
  expect(asked[1]).toEqual([null, 4]);
});

test("statistics that were observed under other factors than the recipe's are no use for it", () => {
  const corrections = { equalization: true, bias: "none" } as const;
  const recipe: Recipe = { ...RECIPE, corrections, factors: { a: { divide: [2], absorb: [0] } } };
  const seen = { ...calibration, equalized: true, preprocess: null } as Calibration;
  expect(fits(recipe, seen)).toBe(true);
  expect(fits(recipe, { ...seen, scaling: scalingOf(recipe)! })).toBe(true);
  expect(
    fits({ ...recipe, factors: { a: { divide: [3], absorb: [0] } } }, { ...seen, scaling: scalingOf(recipe)! }),
  ).toBe(false);
});
