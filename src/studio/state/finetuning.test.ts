import { beforeEach, expect, test, vi } from "vitest";
import type { Calibration } from "../../engine/model/calibration.ts";
import type { FineTuneRequest, FineTuning } from "../../engine/model/finetuning.ts";
import type { Recipe } from "../../engine/model/recipe.ts";
import type { LayerRounding, Rounding } from "../../engine/model/rounding.ts";
import { PLAIN_RECIPE } from "../../engine/model/testing/recipe.ts";
import {
  withGranularity,
  withLearnedRounding,
  withMethod,
  withPowersOfTwo,
  withRounding,
  withWeightType,
} from "../../engine/recipe/edits.ts";
import { nothingIsAwaited } from "./awaited.ts";
import {
  adoptFineTuning,
  chooseFineTuning,
  fineTune,
  fineTuningIsAdopted,
  fineTuningIsStale,
  isTunable,
  resumableTuning,
  takeFineTuning,
} from "./finetuning.ts";
import { begin } from "./history.ts";
import { runJob } from "./jobs.ts";
import { editRecipe, isSettled } from "./recipe.ts";
import { standingSteps } from "./remedySteps.ts";
import { learnRounding } from "./rounding.ts";
import type { OpenData, OpenModel } from "./slices/project.ts";
import { awaitedOf } from "./steps.ts";
import { actions, studio } from "./store.ts";
import { fresh, given } from "./testing/given.ts";

vi.mock("./jobs.ts", () => ({ runJob: vi.fn() }));

const job = vi.mocked(runJob);
const recipe: Recipe = { ...withWeightType(PLAIN_RECIPE, "int4"), resolved: {} };
const calibration = { wanted: 20, equalized: false, seed: null } as Calibration;
const data = { files: [], summary: { samples: 40 }, fingerprint: "d" } as unknown as OpenData;
const learned: Rounding = {
  rounding: { a: "AQ==", b: "AQ==" },
  biases: { a: [0.25] },
  layers: [{ layer: "a" }, { layer: "b" }] as LayerRounding[],
  ...{ wanted: 2, samples: 16, iterations: 200, learner: "tfjs", seconds: 1, prints: "AAAAAAAA" },
};
const block = (layer: string, kept: boolean) => ({
  ...{ layers: [layer], before: 0.5, after: kept ? 0.4 : 0.5, kept, curve: [], seconds: 1 },
});
const tuned = (...kept: readonly boolean[]): FineTuning => ({
  codes: { a: { codes: "AQ==", scales: "AACAPw==" }, b: { codes: "Ag==", scales: "AACAPw==" } },
  biases: kept.includes(true) ? { a: [0.5] } : {},
  layerwise: { layers: [], wanted: 0, views: 0, found: null, judged: { before: 0.5, after: 0.5, kept: false } },
  blocks: kept.map((each, at) => block("ab"[at] ?? "", each)),
  ...{ wanted: 2, samples: 20, views: 80, steps: 100, learner: "tfjs", seconds: 2, prints: "AAAAAAAABBBBBBBB" },
});
const state = () => studio.getState();
const present = () => state().project.recipe!.present;

/** Has runs that learn rounding come to `learned`, and those that tune tell of blocks and end as they do. */
function run(partial: readonly FineTuning[], end: FineTuning | null) {
  const asked: { request: FineTuneRequest; recipe: Recipe }[] = [];
  job.mockImplementation(async (plan) => {
    const api = {
      learnRounding: async () => learned,
      fineTune: async (
        of: Recipe,
        request: FineTuneRequest,
        _: unknown,
        onPoint: (layers: readonly string[], point: { iteration: number; loss: number }) => void,
        onBlock: (partial: FineTuning) => void,
      ) => {
        asked.push({ request, recipe: of });
        onPoint(["a", "b"], { iteration: 1, loss: 0.5 });
        partial.forEach(onBlock);
        return end;
      },
    };
    return plan.run(api as never, () => undefined);
  });
  return asked;
}

beforeEach(() => {
  job.mockReset();
  fresh();
  given({ model: { file: {} } as OpenModel, data, samples: 20, recipe: begin(recipe), calibration });
});

test("what gains goes into the recipe as one step of undo that is listed, from learned rounding on, which is learned first", async () => {
  const asked = run([], tuned(true, false));
  await fineTune();
  expect(asked.map(({ request }) => request)).toEqual([
    { samples: 20, steps: 100, from: { rounding: learned.rounding, biases: learned.biases }, resume: null },
  ]);
  expect(asked[0]!.recipe).toMatchObject({ weights: { rounding: "finetuned" }, codes: null, biases: null });
  expect(present()).toMatchObject({
    weights: { rounding: "finetuned" },
    codes: tuned(true).codes,
    biases: { a: [0.5] },
  });
  expect(fineTuningIsAdopted(state())).toBe(true);
  expect(awaitedOf(present())).toBeNull();
  expect(isSettled(present(), calibration)).toBe(true);
  expect(standingSteps(state().results.remedySteps, state().project.recipe)).toMatchObject([
    { label: "fine-tuning", before: recipe, after: present() },
  ]);
  actions.recipeUndone();
  expect([present(), fineTuningIsAdopted(state())]).toEqual([recipe, false]);
  chooseFineTuning();
  expect(fineTuningIsAdopted(state())).toBe(true);
  await learnRounding();
  expect([present().weights.rounding, "codes" in present()]).toEqual(["learned", false]);
  await takeFineTuning();
  expect(fineTuningIsAdopted(state())).toBe(true);
  expect(asked).toHaveLength(1);
});

test("rounding that is known is not learned again, and codes of weights alone bring the samples that taught them", async () => {
  given({ recipe: begin({ ...recipe, format: "weights", prints: null }), calibration: { ...calibration, wanted: 0 } });
  run([], tuned(true, true));
  await learnRounding();
  job.mockClear();
  await fineTune();
  expect(job.mock.calls.map(([{ task }]) => task)).toEqual(["Fine-tuning"]);
  expect(present().prints).toBe("AAAAAAAABBBBBBBB");
});

test("rounding that was learned of the samples held out is learned again without them", async () => {
  run([], tuned(true, true));
  await learnRounding();
  const { rounding } = state().results;
  actions.roundingLearned({ ...rounding!, result: { ...rounding!.result, samples: 20 } });
  job.mockClear();
  await fineTune();
  expect(job.mock.calls.map(([{ task, on }]) => [task, on])).toEqual([
    ["Learning rounding", "the first 16 samples"],
    ["Fine-tuning", "the first 20 samples"],
  ]);
});

test("where nothing gains the recipe has learned rounding, unless it asks for what was tuned", async () => {
  run([], tuned(false, false));
  await fineTune();
  expect(present()).toMatchObject({ weights: { rounding: "learned" }, rounding: learned.rounding });
  expect("codes" in present()).toBe(false);
  expect(state().work.log[0]?.text).toBe(
    "Fine-tuning gained nothing layer by layer on samples held out; 0 of 2 blocks gained.",
  );
  chooseFineTuning();
  expect([fineTuningIsAdopted(state()), present().biases]).toEqual([true, {}]);
});

test("where nothing gains, rounding that the recipe has of all samples stays", async () => {
  const whole = { rounding: { a: "AA==", b: "AA==" }, biases: {}, prints: "AAAAAAAA" };
  const rounded = withLearnedRounding(recipe, whole);
  given({ recipe: begin(rounded) });
  run([], tuned(false, false));
  await fineTune();
  expect(present()).toBe(rounded);
});

test("rounding that the recipe asks for is there where nothing gains, and nothing is tuned from rounding of other weights", async () => {
  given({ recipe: begin(withRounding(recipe, "learned", null)) });
  run([], tuned(false, false));
  await fineTune();
  expect([awaitedOf(present()), present().rounding]).toEqual([null, learned.rounding]);

  fresh();
  given({ model: { file: {} } as OpenModel, data, samples: 20, recipe: begin(recipe), calibration });
  job.mockClear();
  job.mockImplementationOnce(async () => {
    editRecipe("weights", (before) => withPowersOfTwo(before, true));
    return learned;
  });
  await fineTune();
  expect(job).toHaveBeenCalledTimes(1);
  expect(state().work.log[0]?.text).toMatch(/^The recipe changed meanwhile/);
});

test("samples that taught the rounding are known, too", async () => {
  given({ recipe: begin({ ...recipe, format: "weights", prints: null }), calibration: { ...calibration, wanted: 0 } });
  run([], { ...tuned(true, true), prints: "BBBBBBBB" });
  await fineTune();
  expect(present().prints).toBe("AAAAAAAABBBBBBBB");
});

test("a run that was ended keeps its blocks and changes no recipe; the next goes on from them", async () => {
  run([tuned(true)], null);
  await fineTune();
  expect(present()).toEqual(recipe);
  expect(resumableTuning(state())).toEqual(tuned(true));
  adoptFineTuning();
  expect(fineTuningIsAdopted(state())).toBe(true);
  const asked = run([], tuned(true, true));
  await fineTune();
  expect(asked.map(({ request }) => request.resume)).toEqual([tuned(true)]);
  expect(resumableTuning(state())).toBeNull();
  run([tuned(true)], null);
  await fineTune();
  expect(resumableTuning(state())).not.toBeNull();
  const { rounding } = state().results;
  actions.roundingLearned({ ...rounding!, result: { ...learned, rounding: { a: "Ag==", b: "AQ==" } } });
  expect(resumableTuning(state())).toBeNull();
  actions.roundingLearned(rounding!);
  actions.tuningStepsChanged(50);
  expect(resumableTuning(state())).toBeNull();
});

test("other weights make it stale and take it out of the recipe; another method asks for it again and takes it from what is known", async () => {
  const asked = run([], tuned(true, true));
  await fineTune();
  editRecipe("method", (before) => withMethod(before, "mse"));
  expect([fineTuningIsStale(state()), awaitedOf(present())]).toEqual([false, "finetuning"]);
  await takeFineTuning();
  expect([awaitedOf(present()), asked.length]).toEqual([null, 1]);
  for (const change of [
    (before: Recipe) => withGranularity(before, "tensor"),
    (before: Recipe) => withPowersOfTwo(before, true),
    (before: Recipe) => withWeightType(before, "int8"),
  ]) {
    editRecipe("weights", change);
    expect([fineTuningIsStale(state()), isTunable(present()), present().weights.rounding]).toEqual([
      true,
      false,
      "nearest",
    ]);
    actions.recipeUndone();
    expect(fineTuningIsAdopted(state())).toBe(true);
  }
});

test("weights that change meanwhile are not tuned so, and what is asked for and not tuned is said in a sentence", async () => {
  run([], tuned(true, true));
  await learnRounding();
  actions.recipeUndone();
  job.mockImplementationOnce(async () => {
    editRecipe("weights", (before) => withGranularity(before, "tensor"));
    return tuned(true, true);
  });
  await fineTune();
  expect(present()).toEqual(withGranularity(recipe, "tensor"));
  expect(state().work.log[0]?.text).toMatch(/changed meanwhile/);
  actions.recipeUndone();
  chooseFineTuning();
  expect(awaitedOf(present())).toBe(null);
  actions.recipeUndone();
  given({ finetuning: null });
  chooseFineTuning();
  expect(awaitedOf(present())).toBe("finetuning");
  expect(nothingIsAwaited(present())).toBe(false);
  expect(state().work.alerts.at(-1)?.message).toMatch(/not tuned yet: tune them in the Rounding tab/);
});

test("without samples or ranges nothing is tuned", async () => {
  for (const [lack, said] of [
    [{ data: null }, /^Fine-tuning needs the samples/],
    [{ data, calibration: null }, /^Fine-tuning goes by .* calibrate first/],
  ] as const) {
    given(lack);
    await fineTune();
    expect(job).not.toHaveBeenCalled();
    expect(state().work.alerts.at(-1)?.message).toMatch(said);
  }
});
