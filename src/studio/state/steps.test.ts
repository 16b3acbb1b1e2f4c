import { expect, test } from "vitest";
import type { Calibration } from "../../../workers/protocol.ts";
import type { Evaluation } from "../../engine/model/evaluation.ts";
import type { Recipe } from "../../engine/model/recipe.ts";
import { PLAIN_RECIPE } from "../../engine/model/testing/recipe.ts";
import { begin } from "./history.ts";
import { fits } from "./recipe.ts";
import type { OpenData, OpenModel } from "./slices/project.ts";
import {
  calibrationIsStale,
  changedByCalibrating,
  evaluationBasis,
  exportBasis,
  type Facts,
  factsOf,
  nextAction,
  samplesDoubted,
  stepStates,
} from "./steps.ts";
import { stateWith } from "./testing/given.ts";

const recipe = PLAIN_RECIPE;
const base = {
  model: {} as OpenModel,
  data: { files: [], summary: { samples: 20 }, fingerprint: "d", samplesFingerprint: "d" } as unknown as OpenData,
  samples: 10,
  recipe: begin(recipe),
  calibration: null,
  calibratedOn: null,
  evaluation: null,
  exported: null,
} satisfies Partial<Facts>;
const calibration = {
  observed: Array.from({ length: 9 }, (_, index) => index),
  skipped: [9],
  wanted: 10,
  equalized: false,
  preprocess: null,
  seed: null,
} as unknown as Calibration;
const standings = (facts: Parameters<typeof stepStates>[0]) =>
  Object.values(stepStates(facts)).map((step) => step.standing);

test("the map from nothing to done", () => {
  expect(standings({ ...base, model: null })).toEqual(Array(5).fill("missing"));
  expect(standings({ ...base, data: null })).toEqual(["done", "missing", "missing", "missing", "missing"]);
  expect(nextAction({ ...base, data: null })).toBe("data");
  expect(standings(base)).toEqual(["done", "done", "ready", "missing", "missing"]);
  expect(nextAction(base)).toBe("calibrate");

  const calibrated = { ...base, calibration };
  expect(standings(calibrated)).toEqual(["done", "done", "done", "ready", "ready"]);
  expect(nextAction(calibrated)).toBe("evaluate");

  const evaluated = { ...calibrated, evaluation: { result: {} as Evaluation, basis: evaluationBasis(calibrated) } };
  expect(nextAction(evaluated)).toBe("export");
  const verdict = (passed: boolean) => ({
    ...evaluated,
    evaluation: { ...evaluated.evaluation, result: { verdict: { limit: 0.01, passed } } as Evaluation },
  });
  expect(nextAction(verdict(true))).toBe("export");
  expect(nextAction(verdict(false))).toBe("rescue");
  expect(nextAction({ ...verdict(false), data: null })).toBe("export");
  const exported = {
    ...evaluated,
    exported: { result: { zip: null, files: [], notices: [] }, basis: exportBasis(evaluated) },
  };
  expect(standings(exported)).toEqual(Array(5).fill("done"));
  expect(nextAction(exported)).toBeNull();
});

test("a cancelled calibration is partial, other preprocessing or another count make it stale", () => {
  const partial = { ...base, calibration: { ...calibration, skipped: [] } };
  expect(standings(partial)[2]).toBe("partial");
  expect(nextAction(partial)).toBe("calibrate");
  expect(standings({ ...base, calibration, samples: 11 })[2]).toBe("stale");
  const other = begin({ ...recipe, preprocess: { scale: 1 } } as Recipe);
  expect(standings({ ...base, calibration, recipe: other })[2]).toBe("stale");
});

test("samples as they were given are of no other preprocessing, as the engine has it", () => {
  const preprocessed = { ...calibration, preprocess: { scale: 1 } } as unknown as Calibration;
  expect(standings({ ...base, calibration: preprocessed })[2]).toBe("done");
  const otherwise = begin({ ...recipe, preprocess: { scale: 2 } } as Recipe);
  expect(standings({ ...base, calibration: preprocessed, recipe: otherwise })[2]).toBe("stale");
  const ordered = begin({ ...recipe, seed: 7 });
  expect(standings({ ...base, calibration, recipe: ordered })[2]).toBe("stale");
  expect(fits(ordered.present, calibration)).toBe(false);
  expect([recipe, otherwise.present].map((one) => fits(one, preprocessed))).toEqual([true, false]);
});

test("other samples make it stale, those it ran on and those that are gone do not", () => {
  const stale = (on: string | null, data: OpenData | null) =>
    calibrationIsStale(factsOf(stateWith({ ...base, calibration, calibratedOn: on, data })));
  expect(stale("d", base.data)).toBe(false);
  expect(stale("other", base.data)).toBe(true);
  expect(stale("other", null)).toBe(false);
  expect(stale(null, base.data)).toBe(false);
  expect(stale("d", { ...base.data, fingerprint: "with labels" })).toBe(false);
});

test("calibrating again replaces ranges of a part of the samples, and of those that are not known", () => {
  const changed = (on: string | null, of: Calibration | null, samples = 10) =>
    changedByCalibrating(factsOf(stateWith({ ...base, calibration: of, calibratedOn: on, samples })));
  expect(changed("d", calibration)).toEqual([]);
  expect(changed("other", calibration, 9)).toEqual(["data", "samples"]);
  expect(changed("d", { ...calibration, skipped: [] })).toEqual(["statistics"]);
  expect(changed(null, calibration)).toEqual(["statistics"]);
  expect(changed(null, null)).toEqual([]);
  expect(changed(null, { ...calibration, observed: [], skipped: [], wanted: 0 })).toEqual([]);
});

test("an edit makes evaluation and export stale, undoing it makes them good again", () => {
  const calibrated = { ...base, calibration };
  const evaluated = { ...calibrated, evaluation: { result: {} as Evaluation, basis: evaluationBasis(calibrated) } };
  const edited = { ...evaluated, recipe: begin({ ...recipe, method: "mse" } as Recipe) };
  expect(standings(edited)[3]).toBe("stale");
  expect(standings({ ...edited, recipe: begin({ ...recipe }) })[3]).toBe("done");
});

test("rounding that is asked for and not learned comes before evaluation and export", () => {
  const weights = { ...recipe.weights, rounding: "learned" } as const;
  const awaiting = { ...base, calibration, recipe: begin({ ...recipe, weights }) };
  expect(standings(awaiting)).toEqual(["done", "done", "done", "ready", "missing"]);
  expect(nextAction(awaiting)).toBe("round");
  expect(nextAction({ ...awaiting, data: null })).toBe("data");
  const learned = { ...awaiting, recipe: begin({ ...recipe, weights, rounding: { conv: "AQ==" } }) };
  expect(nextAction(learned)).toBe("evaluate");
  const evaluated = { ...learned, evaluation: { result: {} as Evaluation, basis: evaluationBasis(learned) } };
  const otherwise = { ...evaluated, recipe: begin({ ...recipe, weights, rounding: { conv: "Ag==" } }) };
  expect([standings(evaluated)[3], standings(otherwise)[3]]).toEqual(["done", "stale"]);
});

test("codes that are asked for and not found come before evaluation and export", () => {
  const weights = { ...recipe.weights, type: "uint4", block: 32, algorithm: "awq" } as const;
  const alone = { ...recipe, format: "weights", weights } as const;
  const awaiting = { ...base, calibration, recipe: begin<Recipe>(alone) };
  expect(standings(awaiting).slice(3)).toEqual(["ready", "missing"]);
  expect(nextAction(awaiting)).toBe("codes");
  expect(nextAction({ ...awaiting, data: null })).toBe("data");
  const found = begin<Recipe>({ ...alone, inputScales: {}, codes: {} });
  expect(nextAction({ ...awaiting, recipe: found })).toBe("evaluate");
});

test("results stay good when the samples are not at hand after a reload", () => {
  const calibrated = { ...base, calibration };
  const evaluation = { result: {} as Evaluation, basis: evaluationBasis(calibrated) };
  expect(standings({ ...calibrated, evaluation, data: null })[3]).toBe("done");
  expect(nextAction({ ...calibrated, evaluation, data: null })).toBe("export");
});

test("what calibrating warned of about an input is of the samples; of other tensors, and notes, are not", () => {
  const notice = (kind: "warning" | "info", subject: string) => ({ kind, subject, message: `${subject} is far off.` });
  const notices = [notice("warning", "x"), notice("info", "x"), notice("warning", "inner")];
  const model = { summary: { inputs: [{ name: "x" }, { name: "y" }] } } as unknown as OpenModel;
  const doubted = { ...base, model, calibration: { ...calibration, notices } };
  expect(samplesDoubted(doubted)).toEqual([notices[0]]);
  expect(samplesDoubted({ ...doubted, samples: 12 })).toEqual([]);
  expect(samplesDoubted({ ...base, model })).toEqual([]);
});
