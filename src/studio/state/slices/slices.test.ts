import { beforeEach, expect, test } from "vitest";
import { REPORT } from "../../../engine/artifacts/testing/report.ts";
import type { GroupFigures } from "../../../engine/model/analysis.ts";
import type { Calibration } from "../../../engine/model/calibration.ts";
import type { Finding } from "../../../engine/model/diagnosis.ts";
import type { Preprocess } from "../../../engine/model/preprocess.ts";
import type { Recipe } from "../../../engine/model/recipe.ts";
import { PLAIN_RECIPE } from "../../../engine/model/testing/recipe.ts";
import { begin, edit, undo } from "../history.ts";
import { actions, studio } from "../store.ts";
import type { StoredResult } from "../stored.ts";
import { fresh, given } from "../testing/given.ts";
import { NO_PROJECT, type OpenData, type OpenModel } from "./project.ts";
import { NO_RESULTS } from "./results.ts";
import type { LogEntry } from "./work.ts";

const state = () => studio.getState();
const model = { file: { name: "net.onnx" } } as OpenModel;
const calibration = { wanted: 4 } as Calibration;
const overview = new Map([["a", {} as GroupFigures]]);
const execution = { provider: "wasm", workers: 2, threads: 1, batch: null } as const;
const entry: LogEntry = { id: 1, time: 0, level: "info", text: "said" };
const evaluation = { result: REPORT.evaluation!, basis: {} };

beforeEach(fresh);

/** A model in the middle of work on it. */
function begun(): void {
  given({ model, samples: 9, recipe: begin(PLAIN_RECIPE), calibration, keep: true, overview, evaluation });
  given({
    log: [entry],
    alerts: [{ id: 2, message: "bad", details: null, until: null }],
    learning: { layer: "a", curve: [] },
  });
  given({ step: "export", layer: "a", filter: "conv", limit: 0.5, metric: "kl", layersView: "graph", execution });
}

test("another model leaves nothing of the one before, but the log and what this browser remembers", () => {
  begun();
  const other = { file: { name: "other.onnx" } } as OpenModel;
  actions.modelOpened(studio.getState().work.alerts, {
    project: { model: other },
    results: {},
    view: { layer: "first" },
  });
  const first = studio.getInitialState();
  expect(state()).toEqual({
    project: { ...NO_PROJECT, model: other },
    work: { ...first.work, log: [entry] },
    results: NO_RESULTS,
    view: { ...first.view, layer: "first", layersView: "graph", execution },
    host: first.host,
  });
});

test("a model that is opened takes up what is stored of it", () => {
  actions.modelOpened(studio.getState().work.alerts, {
    project: { model, samples: 7 },
    results: { evaluation },
    view: { limit: 0.2 },
  });
  expect(state().project).toMatchObject({ model, samples: 7, data: null });
  expect(state().results).toMatchObject({ evaluation, kept: [] });
  expect(state().view).toMatchObject({ limit: 0.2, step: "model" });
});

test("closing a model keeps what was said; deleting everything does not", () => {
  begun();
  actions.encryptionChanged({ passphrase: "burst", again: "burst" });
  actions.modelClosed();
  expect(state().view.encryption).not.toBeNull();
  expect(state().project).toBe(NO_PROJECT);
  expect(state().work).toMatchObject({ log: [entry], alerts: [{ id: 2 }], learning: null });
  actions.everythingDeleted();
  expect(state().work).toMatchObject({ log: [], alerts: [], sessions: [] });
  expect(state().view).toMatchObject({ layersView: "graph", execution, encryption: null });
});

test("an action changes its slice alone, and a part that is not concerned stays the same object", () => {
  begun();
  const before = state();
  actions.layerSelected("b");
  expect(state()).toEqual({ ...before, view: { ...before.view, layer: "b" } });
  for (const slice of ["project", "work", "results"] as const) expect(state()[slice]).toBe(before[slice]);
  actions.said({ ...entry, id: 3 });
  expect(state().project.recipe).toBe(before.project.recipe);
  expect(state().work.alerts).toBe(before.work.alerts);
});

test("a column sorts worst first, then the other way round, then not at all", () => {
  const sorts = [1, 2, 3].map(() => {
    actions.rowsSorted("sqnr", false);
    return state().view.sort;
  });
  expect(sorts).toEqual([
    { key: "sqnr", descending: false },
    { key: "sqnr", descending: true },
    { key: "order", descending: false },
  ]);
  actions.rowsSorted("clipped", true);
  expect(state().view.sort).toEqual({ key: "clipped", descending: true });
  actions.rowsSorted("name", false);
  expect(state().view.sort).toEqual({ key: "name", descending: false });
});

test("the layers are a list or a graph", () => {
  actions.layersViewToggled();
  expect(state().view.layersView).toBe("graph");
  actions.layersViewToggled();
  expect(state().view.layersView).toBe("list");
  actions.layersViewChosen("wide");
  actions.stepChosen("data");
  expect(state().view).toMatchObject({ step: "data", layersView: "graph" });
});

test("samples to calibrate on are whole, one at least, and no more than there are", () => {
  actions.samplesChosen(5);
  expect(state().project.samples).toBe(0);
  given({ data: { summary: { samples: 40 } } as OpenData });
  const chosen = [12.7, 0, 99].map((samples) => {
    actions.samplesChosen(samples);
    return state().project.samples;
  });
  expect(chosen).toEqual([12, 1, 40]);
  actions.sensitivitySamplesChosen(0.4);
  expect(state().view.sensitivitySamples).toBe(1);
});

test("a limit judges the last evaluation", () => {
  given({ evaluation });
  actions.limitChosen(0.019);
  expect(state().results.evaluation?.result.verdict).toEqual({ limit: 0.019, passed: false });
  actions.limitChosen(0.021);
  expect(state().results.evaluation?.result.verdict).toEqual({ limit: 0.021, passed: true });
  expect(state().view.limit).toBe(0.021);
});

test("estimates choose a row where none was chosen", () => {
  actions.estimated(overview, "worst");
  expect(state().view.layer).toBe("worst");
  actions.estimated(new Map(), "another");
  expect(state().view.layer).toBe("worst");
  expect(state().results.overview.size).toBe(0);
});

test("a calibration has the ranges chosen again, and a time that is not known is none", () => {
  given({ recipe: begin({ ...PLAIN_RECIPE, resolved: {}, biases: {} }), layer: "a" });
  actions.calibrated(calibration, 12, "prints", ["preprocess"], false);
  expect(state().project).toMatchObject({ calibration, calibrationTime: 12, calibratedOn: "prints" });
  expect(state().project.recipe).toMatchObject({ past: [], present: { resolved: null, biases: null } });
  expect(state().view.layer).toBe("a");
  actions.calibrated(calibration, null, "prints", [], true);
  expect(state().project.calibrationTime).toBeNull();
  expect(state().view.layer).toBeNull();
});

const taught = {
  ...PLAIN_RECIPE,
  corrections: { equalization: true, bias: "empirical" },
  weights: { ...PLAIN_RECIPE.weights, rounding: "learned" },
  factors: { a: { divide: [2], absorb: [0] } },
  resolved: { a: { low: 0, high: 1 } },
  rounding: { conv: "AQ==" },
  biases: { conv: [1] },
} as const satisfies Recipe;
const edited = edit(begin<Recipe>(taught), { ...taught, method: "mse" }, "method", 0);

test("what other samples taught is not brought back by undo or redo", () => {
  const moves = [
    { recipe: edited, move: actions.recipeUndone },
    { recipe: undo(edited), move: actions.recipeRedone },
  ];
  for (const changed of [["data"], ["samples"], ["preprocess", "data"]] as const) {
    for (const { recipe, move } of moves) {
      given({ recipe });
      actions.calibrated(calibration, null, "prints", changed, false);
      move();
      expect(state().project.recipe?.present).toMatchObject({ factors: null, resolved: null, biases: null });
      given({ recipe });
      actions.recipeSettledAnew({ ...taught, method: "mse" }, calibration, null, "prints", changed);
      expect(state().project.recipe?.present).toEqual({ ...taught, method: "mse" });
      move();
      expect(state().project.recipe?.present).toMatchObject({ factors: null, resolved: null, biases: null });
    }
  }
});

test("ranges of a part of the samples, or of unknown ones, end with them; what the same samples taught is undone to", () => {
  given({ recipe: edited });
  actions.calibrated(calibration, null, "prints", ["statistics"], false);
  actions.recipeUndone();
  expect(state().project.recipe?.present).toEqual({ ...taught, resolved: null });
  given({ recipe: edited });
  actions.calibrationImported(calibration, { ...taught, resolved: null }, "import a.json", 1000);
  actions.recipeUndone();
  expect(state().project.recipe?.present).toEqual({ ...taught, method: "mse", resolved: null });
  given({ recipe: edited });
  actions.calibrated(calibration, null, "prints", ["preprocess"], false);
  actions.recipeUndone();
  expect(state().project.recipe?.present).toEqual(taught);
});

test("as more is observed, what a part or other samples taught is gone, also where it is cancelled then", () => {
  given({ recipe: edited });
  actions.calibrationAdvanced(calibration, "prints", ["statistics"]);
  expect(state().project.recipe?.present).toEqual({ ...taught, method: "mse", resolved: null });
  const { recipe } = state().project;
  actions.calibrationAdvanced(calibration, "prints", ["statistics"]);
  expect(state().project.recipe?.present).toBe(recipe?.present);
  actions.calibrationAdvanced(calibration, "prints", ["data"]);
  expect(state().project.recipe?.present).toMatchObject({ factors: null, rounding: null, biases: null });
});

test("no undo leads to before the samples were preprocessed", () => {
  const preprocess = { scale: 1 } as Preprocess;
  const chosen = { scale: 2 } as Preprocess;
  const data = { summary: { samples: 4, preprocess } } as OpenData;
  given({ recipe: edit(begin(PLAIN_RECIPE), { ...PLAIN_RECIPE, method: "mse" }, "method", 0) });
  actions.dataOpened(data, 2);
  actions.recipeUndone();
  expect(state().project.recipe?.present).toEqual({ ...PLAIN_RECIPE, preprocess });
  given({ recipe: edit(begin({ ...PLAIN_RECIPE, preprocess: chosen }), PLAIN_RECIPE, "import", 0) });
  actions.dataOpened(data, 2);
  expect(state().project.recipe?.present).toEqual({ ...PLAIN_RECIPE, preprocess });
  actions.recipeUndone();
  expect(state().project.recipe?.present).toEqual({ ...PLAIN_RECIPE, preprocess: chosen });
});

test("an imported calibration is one step of undo and leads to Tune", () => {
  given({ recipe: begin(PLAIN_RECIPE), calibrationTime: 5, calibratedOn: "prints" });
  actions.calibrationImported(calibration, { ...PLAIN_RECIPE, method: "mse" }, "import a.json", 0);
  expect(state().project).toMatchObject({ calibration, calibrationTime: null, calibratedOn: null });
  expect(state().view.step).toBe("tune");
  actions.recipeUndone();
  expect(state().project.recipe?.present).toBe(PLAIN_RECIPE);
});

test("results are kept newest first, and one of the same id is replaced", () => {
  const result = (id: string, date: number, name = id) => ({ id, date, name }) as StoredResult;
  actions.resultsKept([result("a", 1), result("b", 3)]);
  actions.resultsKept([result("c", 2), result("a", 1, "renamed")]);
  expect(state().results.kept.map(({ name }) => name)).toEqual(["b", "c", "renamed"]);
  actions.resultDeleted("c");
  expect(state().results.kept.map(({ id }) => id)).toEqual(["b", "a"]);
});

test("a finding applied again is applied once", () => {
  const finding = (layer: string, loss: number) =>
    ({ layer, loss, cause: "outliers", remedy: null }) as unknown as Finding;
  for (const [layer, loss] of [
    ["a", 1],
    ["b", 2],
    ["a", 3],
  ] as const) {
    actions.remedyApplied(finding(layer, loss));
  }
  expect(state().results.applied.map(({ layer, loss }) => [layer, loss])).toEqual([
    ["b", 2],
    ["a", 3],
  ]);
});

test("the log keeps the newest 500 lines and the alerts the last three", () => {
  for (let id = 0; id < 510; id++) {
    actions.said({ ...entry, id });
    actions.alarmed({ id, message: String(id), details: null, until: null });
  }
  expect(state().work.log).toHaveLength(500);
  expect(state().work.log[0]?.id).toBe(509);
  expect(state().work.alerts.map(({ id }) => id)).toEqual([507, 508, 509]);
  actions.alertDismissed(508);
  expect(state().work.alerts.map(({ id }) => id)).toEqual([507, 509]);
  actions.alarmed({ id: 510, message: "507", details: null, until: null });
  expect(state().work.alerts.map(({ id }) => id)).toEqual([509, 510]);
});
