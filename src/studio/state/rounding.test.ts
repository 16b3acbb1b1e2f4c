import { beforeEach, expect, test, vi } from "vitest";
import type { Calibration } from "../../engine/model/calibration.ts";
import type { Recipe } from "../../engine/model/recipe.ts";
import type { LayerRounding, Rounding } from "../../engine/model/rounding.ts";
import { PLAIN_RECIPE } from "../../engine/model/testing/recipe.ts";
import {
  withCorrections,
  withGranularity,
  withMethod,
  withRounding,
  withWeightType,
} from "../../engine/recipe/edits.ts";
import { isApplied } from "../../engine/recipe/remedies.ts";
import { nothingIsAwaited } from "./awaited.ts";
import { calibrate } from "./calibrate.ts";
import { begin } from "./history.ts";
import { runJob } from "./jobs.ts";
import { editRecipe } from "./recipe.ts";
import { standingSteps } from "./remedySteps.ts";
import { chooseRounding, isAdopted, learnRounding, resumable, roundingIsStale, roundingSamples } from "./rounding.ts";
import type { OpenData, OpenModel } from "./slices/project.ts";
import { awaitedOf } from "./steps.ts";
import { actions, studio } from "./store.ts";
import { applySuggestion } from "./suggestions.ts";
import { fresh, given } from "./testing/given.ts";
import { searchRecipes } from "./tune.ts";

vi.mock("./jobs.ts", () => ({ runJob: vi.fn() }));

const job = vi.mocked(runJob);
const recipe: Recipe = { ...withWeightType(PLAIN_RECIPE, "int4"), resolved: {} };
const calibration = { wanted: 20, equalized: false, seed: null } as Calibration;
const data = { files: [], summary: { samples: 40 }, fingerprint: "d" } as unknown as OpenData;
const layer = (name: string) => ({ layer: name }) as LayerRounding;
const learned = (...names: string[]): Rounding => ({
  rounding: Object.fromEntries(names.map((name) => [name, "AQ=="])),
  biases: {},
  layers: names.map(layer),
  wanted: 2,
  samples: 19,
  iterations: 200,
  learner: "tfjs",
  seconds: 1,
  prints: "AAAAAAAABBBBBBBB",
});
const present = () => studio.getState().project.recipe!.present;

/** Has the next run tell of some layers and then end as it does. */
function run(layers: readonly Rounding[], end: Rounding | null): { resume: Rounding | null }[] {
  const asked: { resume: Rounding | null }[] = [];
  job.mockImplementationOnce(async (plan) => {
    const learnRounding = async (
      _: unknown,
      request: { resume: Rounding | null },
      __: unknown,
      ___: unknown,
      onLayer: (partial: Rounding) => void,
    ) => {
      asked.push(request);
      layers.forEach(onLayer);
      return end;
    };
    return plan.run({ learnRounding } as never, () => undefined);
  });
  return asked;
}

beforeEach(() => {
  job.mockReset();
  const model = { file: {} } as OpenModel;
  fresh();
  given({ model, data, samples: 20, recipe: begin(recipe), calibration });
});

test("what is learned goes into the recipe as one step of undo, and biases with it", async () => {
  const biases = { a: [0.25], b: [0.5] };
  given({ recipe: begin({ ...withCorrections(recipe, { bias: "empirical" }), biases: { conv: [1] } }) });
  run([learned("a")], { ...learned("a", "b"), biases });
  await learnRounding();
  expect(present()).toMatchObject({
    weights: { rounding: "learned" },
    rounding: { a: "AQ==", b: "AQ==" },
    biases,
  });
  expect(isAdopted(studio.getState())).toBe(true);
  actions.recipeUndone();
  expect(present()).toMatchObject({ weights: { rounding: "nearest" }, rounding: null, biases: { conv: [1] } });
  expect(isAdopted(studio.getState())).toBe(false);
  chooseRounding("learned");
  expect(isAdopted(studio.getState())).toBe(true);
});

test("learned rounding is offered for all layers like any other remedy: one step of undo, listed, with what it gains to come", async () => {
  const suggestion = { edit: { kind: "rounding" }, sentence: "" } as const;
  run([], null);
  expect(await applySuggestion(suggestion, null)).toBe(false);
  expect(present()).toEqual(recipe);
  run([], learned("a", "b"));
  expect(await applySuggestion(suggestion, null)).toBe(true);
  expect(isApplied(present(), suggestion.edit)).toBe(true);
  const { remedySteps } = studio.getState().results;
  expect(standingSteps(remedySteps, studio.getState().project.recipe)).toMatchObject([
    { label: "learned rounding", layer: null, gain: null, before: recipe, after: present() },
  ]);
  actions.recipeUndone();
  expect(present()).toEqual(recipe);
  expect(standingSteps(remedySteps, studio.getState().project.recipe)).toEqual([]);
  expect(await applySuggestion(suggestion, null)).toBe(true);
  expect(job).toHaveBeenCalledTimes(2);
});

test("a recipe of weights alone knows the samples that its rounding was learned on, for as long as it is rounded so", async () => {
  const alone: Recipe = { ...recipe, format: "weights", prints: null };
  given({ recipe: begin(alone), calibration: { ...calibration, wanted: 0 } });
  run([], learned("a", "b"));
  await learnRounding();
  expect(present().prints).toBe("AAAAAAAABBBBBBBB");
  chooseRounding("nearest");
  expect(present().prints).toBeNull();
  chooseRounding("learned");
  expect(present().prints).toBe("AAAAAAAABBBBBBBB");
});

test("samples that calibrated and taught rounding are known once", async () => {
  given({ recipe: begin({ ...recipe, resolved: { x: { low: 0, high: 1 } }, prints: "BBBBBBBBCCCCCCCC" }) });
  run([], learned("a", "b"));
  await learnRounding();
  expect(present().prints).toBe("BBBBBBBBCCCCCCCCAAAAAAAA");
  chooseRounding("nearest");
  expect(present().prints).toBe("BBBBBBBBCCCCCCCCAAAAAAAA");
});

test("a run that was ended keeps its layers and changes no recipe; the next goes on from them", async () => {
  run([learned("a")], null);
  await learnRounding();
  expect(studio.getState().results.rounding?.result).toEqual(learned("a"));
  expect(present()).toEqual(recipe);
  expect(resumable(studio.getState())).toEqual(learned("a"));
  const requests = run([], learned("a", "b"));
  await learnRounding();
  expect(requests.map(({ resume }) => resume)).toEqual([learned("a")]);
  expect(present().rounding).toEqual(learned("a", "b").rounding);
  expect(resumable(studio.getState())).toBeNull();
});

test("other samples or iterations begin anew", async () => {
  run([learned("a")], null);
  await learnRounding();
  actions.roundingSettingsChanged({ iterations: 10 });
  expect(resumable(studio.getState())).toBeNull();
  actions.roundingSettingsChanged({ iterations: 200, samples: 8 });
  expect(resumable(studio.getState())).toBeNull();
  actions.roundingSettingsChanged({ samples: 400 });
  expect(roundingSamples(studio.getState())).toBe(20);
});

test("other weights make it stale and take it out of the recipe; ranges do not", async () => {
  run([], learned("a", "b"));
  await learnRounding();
  editRecipe("method", (before) => withMethod(before, "mse"));
  expect(roundingIsStale(studio.getState())).toBe(false);
  expect(present().rounding).not.toBeNull();
  editRecipe("weights", (before) => withGranularity(before, "tensor"));
  expect(roundingIsStale(studio.getState())).toBe(true);
  expect(awaitedOf(present())).toBe("rounding");
  actions.recipeUndone();
  expect(roundingIsStale(studio.getState())).toBe(false);
  given({ data: { ...data, fingerprint: "other" } });
  expect(roundingIsStale(studio.getState())).toBe(true);
  given({ data: null });
  expect(roundingIsStale(studio.getState())).toBe(false);
});

test("a recipe whose weights changed while it was learned is not rounded so", async () => {
  job.mockImplementationOnce(async () => {
    editRecipe("weights", (before) => withGranularity(before, "tensor"));
    return learned("a", "b");
  });
  await learnRounding();
  expect(present()).toEqual(withGranularity(recipe, "tensor"));
  expect(studio.getState().work.log[0]?.text).toMatch(/changed meanwhile/);
});

test("without samples nothing is learned, and what is not learned is said in a sentence", async () => {
  given({ data: null });
  await learnRounding();
  expect(job).not.toHaveBeenCalled();
  expect(studio.getState().work.alerts.at(-1)?.message).toMatch(/needs the samples/);
  chooseRounding("learned");
  expect(awaitedOf(present())).toBe("rounding");
  expect(nothingIsAwaited(present())).toBe(false);
  expect(studio.getState().work.alerts.at(-1)?.message).toMatch(/not learned yet/);
  expect(nothingIsAwaited(withRounding(recipe, "learned", {}))).toBe(true);
});

test("learning needs ranges where activations are quantized", async () => {
  given({ calibration: null });
  await learnRounding();
  expect(job).not.toHaveBeenCalled();
  expect(studio.getState().work.alerts.at(-1)?.message).toMatch(/calibrate first/);
});

test("a search, which rounds to nearest, is not begun from a recipe with learned rounding", async () => {
  chooseRounding("learned");
  await searchRecipes();
  expect(job).not.toHaveBeenCalled();
  expect(studio.getState().work.alerts.at(-1)?.message).toMatch(/rounds weights to nearest: choose that first/);
  chooseRounding("nearest");
  await searchRecipes();
  expect(job).toHaveBeenCalledTimes(1);
});

test("calibrating samples that are preprocessed otherwise takes out what the others taught", async () => {
  const seen = { ...calibration, preprocess: null, observed: [], skipped: [], notices: [] } as unknown as Calibration;
  const taught = { ...withRounding(recipe, "learned", learned("a").rounding), biases: {} };
  const other = { ...taught, preprocess: { scale: 1 } } as unknown as Recipe;
  for (const [before, rounding] of [
    [taught, taught.rounding],
    [other, null],
  ] as const) {
    const model = { file: {}, summary: { layers: [] } } as unknown as OpenModel;
    given({ model, calibration: seen, recipe: begin(before) });
    job.mockImplementationOnce(async () => ({ ...seen, preprocess: before.preprocess }));
    await calibrate();
    expect(present()).toMatchObject({ rounding, biases: rounding && {}, weights: { rounding: "learned" } });
  }
});
