import { beforeEach, expect, test, vi } from "vitest";
import type { Calibration, Underway } from "../../../workers/protocol.ts";
import type { Recipe } from "../../engine/model/recipe.ts";
import { PLAIN_RECIPE } from "../../engine/model/testing/recipe.ts";
import { withCorrections } from "../../engine/recipe/edits.ts";
import { begunWith, settling } from "./begun.ts";
import type { OpenData } from "./slices/project.ts";
import type { Job } from "./slices/work.ts";
import { actions, studio } from "./store.ts";
import { fresh, given } from "./testing/given.ts";

const wanted = withCorrections(PLAIN_RECIPE, { equalization: true, bias: "none" });
const factors = (divide: number) => ({ a: { divide: [divide], absorb: [0] } });
const learned: Recipe = { ...wanted, factors: factors(2) };
const calibration = { observed: [0, 1, 2], skipped: [], wanted: 9 } as unknown as Calibration;
const data = { samplesFingerprint: "here" } as OpenData;
const of = { calibratedOn: "here", samples: 9 };

beforeEach(() => {
  fresh();
  given({ data, samples: 9, begun: { recipe: learned, calibration, ...of } });
});

const seen = (recipe: Recipe) => begunWith(recipe, studio.getState().project);

test("what was observed is gone on from under the same settings, whether its factors are in the recipe or not yet", () => {
  expect(seen(wanted)).toBe(calibration);
  expect(seen(learned)).toBe(calibration);
});

test.each<[string, Recipe]>([
  ["of a model that is not equalized", PLAIN_RECIPE],
  ["equalized by other factors", { ...wanted, factors: factors(3) }],
  ["smoothed, too", { ...wanted, corrections: { ...wanted.corrections, smoothing: true }, smoothed: {} }],
  ["of samples in another order", { ...wanted, seed: 5 }],
  ["of other shapes of inputs", { ...wanted, inputs: { ...wanted.inputs, shapes: { x: [1, 2] } } }],
])("nothing is gone on from for statistics %s", (_, recipe) => {
  expect(seen(recipe)).toBeNull();
});

test("nor on other samples, or another number of them", () => {
  given({ data: { samplesFingerprint: "there" } as OpenData });
  expect(seen(wanted)).toBeNull();
  given({ data, samples: 8 });
  expect(seen(wanted)).toBeNull();
});

test("how far settling comes is kept until it ends, and is what it goes on from, in a new worker too", async () => {
  given({ begun: null, job: {} as Job });
  const settle = vi.fn(async (...asked: unknown[]) => {
    const tell = asked.at(-1) as (underway: Underway) => unknown;
    await tell({ recipe: learned, calibration });
    throw new Error("the worker died");
  });
  const plan = settling(wanted, null, of);
  const run = () => plan.run({ settle } as never, () => undefined).catch(() => undefined);
  expect(plan.resumesAt()).toBe("from the first sample");
  await run();
  expect(studio.getState().project.begun).toEqual({ recipe: learned, calibration, ...of });
  expect(plan.resumesAt()).toBe("from 3 of 9 samples");
  await run();
  expect(settle.mock.calls.map(([, , , resume]) => resume)).toEqual([null, { recipe: learned, calibration }]);
  actions.recipeSettledAnew(learned, calibration, null, "here", []);
  expect(studio.getState().project.begun).toBeNull();
});
