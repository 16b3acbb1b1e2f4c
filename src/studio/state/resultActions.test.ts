import { beforeEach, expect, test, vi } from "vitest";
import type { Calibration } from "../../../workers/protocol.ts";
import { LATEST_PREPARATION } from "../../engine/model/preparation.ts";
import type { Preprocess } from "../../engine/model/preprocess.ts";
import type { Recipe } from "../../engine/model/recipe.ts";
import { PLAIN_RECIPE } from "../../engine/model/testing/recipe.ts";
import type { TunePoint, Tuning } from "../../engine/model/tuning.ts";
import { basisOf } from "../../engine/recipe/basis.ts";
import { calibrationFingerprint } from "./fingerprint.ts";
import { begin } from "./history.ts";
import { takeFiles } from "./intake.ts";
import { runJob } from "./jobs.ts";
import { exportResult, reopenResult } from "./resultActions.ts";
import type { OpenData, OpenModel } from "./slices/project.ts";
import { studio } from "./store.ts";
import type { OwnResult } from "./stored.ts";
import { fresh, given } from "./testing/given.ts";
import { adoptPoint } from "./tune.ts";
import { engine } from "./workers.ts";

vi.mock("./jobs.ts", () => ({ runJob: vi.fn() }));
vi.mock("./workers.ts", () => ({ engine: { ask: vi.fn() } }));

const { sha256 } = PLAIN_RECIPE.model;
const model = { file: { name: "net.onnx" }, summary: { sha256, generation: 1 } } as OpenModel;
const calibration = { wanted: 4, observed: [], skipped: [], statistics: new Map() } as unknown as Calibration;
const recipe: Recipe = { ...PLAIN_RECIPE, inputs: { shapes: { x: [1, 3], y: [2] }, values: {}, state: {} } };
const reordered: Recipe = {
  ...recipe,
  method: "mse",
  inputs: { state: {}, values: {}, shapes: { y: [2], x: [1, 3] } },
};
const otherwise: Recipe = {
  ...recipe,
  method: "mse",
  inputs: { shapes: { x: [1, 4], y: [2] }, values: {}, state: {} },
};

const measured = {
  ...{ name: "best", evaluation: {}, samples: 4, fingerprint: "f" },
  calibration: { fingerprint: await calibrationFingerprint(calibration), observed: 3 },
} as OwnResult;

const takes: Readonly<Record<string, (taken: Recipe) => unknown>> = {
  "a result": (taken) => reopenResult({ ...measured, recipe: taken }),
  "a point of a search": (taken) => adoptPoint({ label: "8 bit", recipe: taken } as TunePoint),
  "a file": (taken) => {
    vi.mocked(engine.ask).mockResolvedValueOnce(false).mockResolvedValueOnce({ recipe: taken });
    return takeFiles([{ path: "net.recipe.json", file: new File(["{}"], "net.recipe.json") }]);
  },
};

beforeEach(() => {
  fresh();
  vi.mocked(runJob).mockReset();
  given({ model, recipe: begin(recipe), calibration });
});

test.each(Object.entries(takes))("a recipe of %s is taken for the inputs it was made for", async (_, take) => {
  await take(otherwise);
  expect(studio.getState().project.recipe?.present).toBe(recipe);
  expect(studio.getState().work.alerts).toHaveLength(1);
  expect(studio.getState().work.alerts[0]?.message).toMatch(
    /other shapes, values or states of the inputs: set them in the/,
  );
  await take(reordered);
  expect(studio.getState().project.recipe?.present).toBe(reordered);
  expect(studio.getState().work.alerts).toHaveLength(1);
});

test("the files of a result that was measured with other inputs are not made", async () => {
  const result = { ...measured, recipe: otherwise };
  await exportResult(result);
  expect(runJob).not.toHaveBeenCalled();
  expect(studio.getState().work.alerts[0]?.message).toMatch(/^“best” was measured with other shapes/);
  await exportResult({ ...result, recipe: reordered });
  expect(runJob).toHaveBeenCalledTimes(1);
});

test.each(Object.entries(takes))(
  "of a recipe of %s nothing is taken that another preparation taught",
  async (_, take) => {
    given({ model: { ...model, summary: { ...model.summary, generation: 2 } } });
    const taught = { ...reordered, biases: { conv: [1] }, resolved: { a: { low: 0, high: 1 } } };
    await take(taught);
    const { project, work } = studio.getState();
    expect(project.recipe?.present).toEqual({ ...taught, preparation: 2, biases: null, resolved: null });
    const warnings = work.log.filter(({ level }) => level === "warning").map(({ text }) => text);
    expect(warnings).toContainEqual(
      expect.stringMatching(/^The recipe was learned for net as another version of Octet/),
    );
  },
);

test.each(Object.entries(takes))("a recipe of %s of a newer Octet is refused", async (_, take) => {
  await take({ ...reordered, preparation: LATEST_PREPARATION + 1 });
  expect(studio.getState().project.recipe?.present).toBe(recipe);
  expect(studio.getState().work.alerts[0]?.message).toMatch(/as a newer Octet prepares it .* update Octet\.$/);
});

test("the files of a result that was measured under another preparation are not made", async () => {
  given({ model: { ...model, summary: { ...model.summary, generation: 2 } } });
  await exportResult({ ...measured, recipe });
  expect(runJob).not.toHaveBeenCalled();
  expect(studio.getState().work.alerts[0]?.message).toMatch(/^“best” was measured of the model as another version/);
});

test("a result that came from another calibration than the one at hand says so when it is opened again", async () => {
  const warnings = () => studio.getState().work.log.filter(({ level }) => level === "warning");
  await reopenResult({ ...measured, recipe: reordered });
  expect(warnings()).toEqual([]);
  given({ calibration: { ...calibration, observed: [1, 2] } });
  await reopenResult({ ...measured, recipe });
  expect(studio.getState().project.recipe?.present).toBe(recipe);
  expect(warnings().map(({ text }) => text)).toEqual([
    expect.stringMatching(/“best” came from another calibration \(3/),
  ]);
});

test("a point that was found on other samples than those at hand is adopted, and says so", () => {
  const warnings = () => studio.getState().work.log.filter(({ level }) => level === "warning");
  const tuning = (data: string) => ({
    result: { points: [] } as unknown as Tuning,
    basis: basisOf("search", { recipe, data }),
  });
  const point = { label: "8 bit", recipe: reordered } as TunePoint;
  given({ data: { fingerprint: "here" } as OpenData, tuning: tuning("here") });
  adoptPoint(point);
  expect(warnings()).toEqual([]);
  given({ tuning: tuning("there"), recipe: begin(recipe) });
  adoptPoint(point);
  expect(studio.getState().project.recipe?.present).toBe(reordered);
  expect(warnings().map(({ text }) => text)).toEqual([expect.stringMatching(/8 bit .*other samples .* calibrate/)]);
});

test("a recipe file that leaves preprocessing open, or has one for tensors, goes by the samples at hand", async () => {
  const preprocess = { scale: 1 } as Preprocess;
  const taught = { ...recipe, resolved: { a: { low: 0, high: 1 } } };
  const imported = async (of: Recipe, at: Preprocess | null) => {
    given({ recipe: begin(recipe), data: { summary: { preprocess: at } } as OpenData });
    await takes["a file"]!(of);
    return studio.getState().project.recipe!.present;
  };
  expect(await imported(taught, preprocess)).toEqual({ ...taught, preprocess, resolved: null });
  expect(await imported({ ...taught, preprocess: { ...preprocess, scale: 2 } }, null)).toEqual({
    ...taught,
    resolved: null,
  });
  const chosen = { ...taught, preprocess: { ...preprocess, scale: 2 } };
  expect(await imported(chosen, preprocess)).toEqual(chosen);
  expect(await imported(taught, null)).toEqual(taught);
  given({ recipe: begin(recipe), data: null });
  await takes["a file"]!(chosen);
  expect(studio.getState().project.recipe?.present).toEqual(chosen);
});
