import { beforeEach, expect, test, vi } from "vitest";
import type { Calibration, SpeedChoice } from "../../../workers/protocol.ts";
import type { Recipe } from "../../engine/model/recipe.ts";
import { PLAIN_RECIPE } from "../../engine/model/testing/recipe.ts";
import { withFloat } from "../../engine/recipe/edits.ts";
import { begin } from "./history.ts";
import { runJob } from "./jobs.ts";
import { editRecipe } from "./recipe.ts";
import type { OpenData, OpenModel } from "./slices/project.ts";
import { chooseGoal, goalOf, speedIsStale, untimeable } from "./speed.ts";
import { actions, studio } from "./store.ts";
import { fresh, given } from "./testing/given.ts";

vi.mock("./jobs.ts", () => ({ runJob: vi.fn() }));

const calibration = { wanted: 20, equalized: false, seed: PLAIN_RECIPE.seed } as Calibration;
const data = { fingerprint: "f", summary: { samples: 40 } } as unknown as OpenData;
const settled: Recipe = {
  ...PLAIN_RECIPE,
  corrections: { ...PLAIN_RECIPE.corrections, bias: "none" },
  elementwise: "auto",
  unjoined: [],
  spared: {},
  resolved: {},
};
const fastest: Recipe = withFloat({ ...settled, elementwise: "float", unjoined: null }, "operators", ["Conv"], true);

/** What timing came to, and what happened to the recipe meanwhile. */
function timing(recipe: Recipe, meanwhile: () => void = () => undefined) {
  const candidates = [{ name: "as decided", milliseconds: 3, ofFloat: 1.5 }];
  const how = { written: "as decided", computedInFloat: false, threads: 1, runtime: "WASM" };
  const trial = { float: 2, candidates, runs: 40, ...how };
  const notice = { kind: "warning", subject: "m", message: "The float model is faster here." } as const;
  vi.mocked(runJob).mockImplementation(async ({ task }) => {
    if (task !== "Measuring speed")
      return { recipe: { ...recipe, unjoined: [], spared: {}, resolved: {} }, calibration };
    meanwhile();
    return { recipe, trial, on: "WASM, one thread", notice } satisfies SpeedChoice;
  });
}

const present = () => studio.getState().project.recipe!.present;
const goal = () => goalOf(studio.getState());

beforeEach(() => {
  fresh();
  vi.mocked(runJob).mockReset();
  given({ model: { file: {} } as OpenModel, data, samples: 20, calibration, recipe: begin(settled) });
});

test("for speed the recipe takes what is quickest, says what was timed first, and goes back for fidelity", async () => {
  expect(goal()).toBe("fidelity");
  timing(fastest);
  await chooseGoal("speed");
  expect(present()).toMatchObject({ elementwise: "float", float: fastest.float });
  expect(goal()).toBe("speed");
  expect(speedIsStale(studio.getState())).toBe(false);
  expect(studio.getState().work.log[0]?.text).toContain("The float model is faster here.");

  actions.recipeUndone();
  expect([goal(), present().elementwise]).toEqual(["fidelity", "auto"]);
  actions.recipeRedone();
  expect(goal()).toBe("speed");
  await chooseGoal("fidelity");
  expect([goal(), present().elementwise, present().float]).toEqual(["fidelity", "auto", settled.float]);
});

test("where the recipe as it is is quickest, only the goal changes", async () => {
  timing(settled);
  await chooseGoal("speed");
  expect([goal(), present()]).toEqual(["speed", settled]);
  await chooseGoal("fidelity");
  expect([goal(), present()]).toEqual(["fidelity", settled]);
});

test("what a person changes afterwards is told: figures are stale, or the goal is theirs", async () => {
  timing(fastest);
  await chooseGoal("speed");
  editRecipe("method", (recipe) => ({ ...recipe, method: "percentile" }));
  expect([goal(), speedIsStale(studio.getState())]).toEqual(["speed", true]);
  editRecipe("elementwise", (recipe) => ({ ...recipe, elementwise: "join" }));
  expect(goal()).toBe("own");
});

test("a recipe that was changed meanwhile is left as it is, and that is said", async () => {
  timing(fastest, () => editRecipe("method", (recipe) => ({ ...recipe, method: "percentile" })));
  await chooseGoal("speed");
  expect([goal(), present().elementwise]).toEqual(["fidelity", "auto"]);
  expect(studio.getState().work.alerts.at(-1)?.message).toContain("was changed while speed was measured");
});

test("why nothing can be timed is told", () => {
  const { project } = studio.getState();
  const of = (recipe: Partial<Recipe>) => untimeable({ ...project, recipe: begin({ ...settled, ...recipe }) });
  expect(untimeable(project)).toBeNull();
  expect(untimeable({ ...project, calibration: null })).toBe("calibrate first");
  expect(untimeable({ ...project, data: null })).toBe("needs samples");
  expect(of({ format: "weights" })).toBe("needs activations in 8 bits");
  expect(of({ weights: { ...settled.weights, type: "int4" } })).toBe("needs weights in int8");
});
