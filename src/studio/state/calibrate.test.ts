import { beforeEach, expect, test, vi } from "vitest";
import type { Calibration } from "../../../workers/protocol.ts";
import type { Preprocess } from "../../engine/model/preprocess.ts";
import type { Recipe } from "../../engine/model/recipe.ts";
import { PLAIN_RECIPE } from "../../engine/model/testing/recipe.ts";
import { withCorrections, withFloat, withMethod, withPreprocess } from "../../engine/recipe/edits.ts";
import { calibrate } from "./calibrate.ts";
import { begin } from "./history.ts";
import { runJob } from "./jobs.ts";
import { editRecipe } from "./recipe.ts";
import type { OpenData, OpenModel } from "./slices/project.ts";
import { actions, studio } from "./store.ts";
import { fresh, given } from "./testing/given.ts";

vi.mock("./jobs.ts", () => ({ runJob: vi.fn() }));

const job = vi.mocked(runJob);
const data = { fingerprint: "labelled", samplesFingerprint: "there", summary: { samples: 8 } } as unknown as OpenData;
const model = { file: {}, summary: { layers: [] } } as unknown as OpenModel;
const factors = (divide: number) => ({ a: { divide: [divide], absorb: [0] } });
const resolved = { a: { low: 0, high: 1 } };
const none = { equalization: false, bias: "none" } as const;
const plain: Recipe = { ...PLAIN_RECIPE, corrections: none };
const equalized: Recipe = { ...withCorrections(plain, { equalization: true }), factors: factors(2), resolved };
const seen = (observed: number, wanted = 4): Calibration =>
  ({
    ...{ observed: Array.from({ length: observed }, (_, i) => i), skipped: [], wanted, notices: [] },
    ...{ equalized: false, preprocess: null, seed: null },
  }) as unknown as Calibration;
const present = () => studio.getState().project.recipe!.present;

beforeEach(() => {
  fresh();
  job.mockReset();
  given({ model, data, samples: 4 });
});

/** Calibrates an equalized model, and has the recipe edited meanwhile. */
async function calibrateWhile(edit: (recipe: Recipe) => Recipe): Promise<Calibration> {
  const calibration = { ...seen(4), equalized: true };
  given({ recipe: begin(equalized), calibration: null });
  job.mockImplementationOnce(async () => {
    editRecipe("meanwhile", edit);
    return { recipe: { ...equalized, factors: factors(3), resolved: {} }, calibration };
  });
  await calibrate();
  return calibration;
}

test("a recipe that is edited while its equalized model is calibrated has its ranges chosen from what was observed", async () => {
  const asked: Recipe[] = [];
  job.mockImplementation(async (plan) => {
    const settle = async (recipe: Recipe, _: number, calibration: Calibration) => {
      asked.push(recipe);
      return { recipe: { ...recipe, resolved }, calibration };
    };
    return plan.run({ settle } as never, () => undefined);
  });
  const calibration = await calibrateWhile((recipe) => withFloat(recipe, "layers", ["conv"], true));
  expect(asked).toMatchObject([{ float: { layers: ["conv"] }, factors: factors(3), resolved: null }]);
  expect(present()).toMatchObject({ float: { layers: ["conv"] }, factors: factors(3), resolved });
  expect(studio.getState().project.calibration).toBe(calibration);
  actions.recipeUndone();
  expect(present()).toMatchObject({ float: { layers: [] } });
});

test.each<[string, (recipe: Recipe) => Recipe]>([
  ["not equalized any more", (recipe) => withCorrections(recipe, { equalization: false })],
  ["preprocessed otherwise", (recipe) => withPreprocess(recipe, { scale: 1 } as Preprocess)],
])("what was observed meanwhile is of no use for a model that is %s, and that is said", async (_, edit) => {
  await calibrateWhile(edit);
  expect(studio.getState().project.calibration).toBeNull();
  expect(present()).toEqual(edit(equalized));
  expect(studio.getState().work.log[0]).toMatchObject({ level: "warning" });
  expect(studio.getState().work.log[0]?.text).toMatch(/calibrate again/);
});

test("a calibration of other samples that is cancelled leaves nothing in the recipe that those before taught", async () => {
  const taught: Recipe = { ...withMethod(plain, "mse"), resolved, biases: { conv: [1] } };
  const recipe = { ...taught, corrections: { ...none, bias: "empirical" } } as const;
  given({ recipe: begin(recipe), calibration: seen(2), calibratedOn: "here" });
  job.mockImplementationOnce(async (plan) => {
    given({ job: {} as never });
    const api = { calibrate: async (...asked: unknown[]) => (asked.at(-1) as (state: Calibration) => void)(seen(3)) };
    await plan.run(api as never, () => undefined);
    given({ job: null });
    return null;
  });
  await calibrate();
  expect(studio.getState().project).toMatchObject({ calibratedOn: "there", calibration: seen(3) });
  expect(present()).toEqual({ ...recipe, resolved: null, biases: null });
});

test("what is to take the place of a complete calibration is kept beside it, and the next run goes on from there", async () => {
  given({ recipe: begin({ ...plain, resolved }), calibration: seen(4), calibratedOn: "here" });
  const resumed: unknown[] = [];
  const stopping = async (plan: Parameters<typeof runJob>[0]) => {
    given({ job: {} as never });
    const calibrated = async (...asked: unknown[]) => {
      resumed.push(asked[2]);
      await (asked.at(-1) as (state: Calibration) => unknown)(seen(3));
    };
    await plan.run({ calibrate: calibrated } as never, () => undefined);
    given({ job: null });
    return null;
  };
  job.mockImplementation(stopping);
  await calibrate();
  expect(studio.getState().project).toMatchObject({ calibratedOn: "here", calibration: seen(4) });
  expect(studio.getState().project.begun).toMatchObject({ calibration: seen(3), calibratedOn: "there", samples: 4 });
  expect(present()).toEqual({ ...plain, resolved });
  await calibrate();
  expect(resumed).toEqual([null, seen(3)]);
});
