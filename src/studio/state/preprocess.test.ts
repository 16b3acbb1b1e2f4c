import { beforeEach, expect, test } from "vitest";
import type { Preprocess } from "../../engine/model/preprocess.ts";
import type { PreprocessFinding } from "../../engine/model/preprocessFinding.ts";
import { PLAIN_RECIPE } from "../../engine/model/testing/recipe.ts";
import { withPreprocess } from "../../engine/recipe/edits.ts";
import { begin } from "./history.ts";
import { adoptPreprocess, isDisprovedNow, triedNow, triedText } from "./preprocess.ts";
import type { OpenData } from "./slices/project.ts";
import { actions, studio } from "./store.ts";
import { fresh, given } from "./testing/given.ts";

const unit: Preprocess = {
  ...({ resize: null, crop: null, layout: "NCHW", color: "RGB", scale: 1 / 255, mean: [0], std: [1] } as const),
};
const raw: Preprocess = { ...unit, scale: 1 };
const inUse = { preset: "unit", preprocess: unit, logProbability: -1.6 } as const;
const better = { preset: "raw", preprocess: raw, logProbability: -0.9 } as const;
const finding: PreprocessFinding = {
  ...{ by: "labels", samples: 64, trials: [better, inUse], inUse, better },
  ...{ isConfirmed: false, labelShift: 0, shifted: null },
};

beforeEach(() => {
  fresh();
  given({ recipe: begin(withPreprocess(PLAIN_RECIPE, unit)), data: { fingerprint: "one" } as OpenData });
});

test("what was tried holds for the preprocessing and the data that it was tried beside", () => {
  expect(triedNow(studio.getState())).toBeNull();
  const tried = { finding, failure: null, preprocess: unit, data: "one" };
  actions.preprocessTried(tried);
  expect(triedNow(studio.getState())).toBe(tried);
  given({ data: { fingerprint: "two" } as OpenData });
  expect(triedNow(studio.getState())).toBeNull();
});

test("one press takes the better one, which can be undone", () => {
  actions.preprocessTried({ finding, failure: null, preprocess: unit, data: "one" });
  adoptPreprocess(better.preprocess);
  expect(studio.getState().project.recipe?.present.preprocess).toEqual(raw);
  expect(triedNow(studio.getState())).toBeNull();
  actions.recipeUndone();
  expect(studio.getState().project.recipe?.present.preprocess).toEqual(unit);
  expect(triedNow(studio.getState())?.finding).toBe(finding);
});

test("says what is better, what cannot be told and what is off by one", () => {
  const text = (changes: Partial<PreprocessFinding>) =>
    triedText({ finding: { ...finding, ...changes }, failure: null, preprocess: unit, data: "one" }).join(" ");
  expect(text({})).toBe(
    "The float model answers better with raw: mean log-probability of the label −0.900 against −1.60 on 64 labelled samples (p < 0.01).",
  );
  const own = { ...better, preset: null };
  expect(text({ better: own })).toMatch(/better with RGB, NCHW, scale 1\.00, mean 0 and std 1: /);
  expect(text({ by: "sharpness" })).toMatch(/^A hint and no more, .* on 64 samples/);
  expect(text({ better: null })).toMatch(/^Cannot tell: of 2 preprocessings/);
  expect(text({ better: null, isConfirmed: true })).toMatch(/this one answers best/);
  expect(text({ better: null, labelShift: 1, shifted: { from: -9, to: -0.5 } })).toMatch(
    /^The labels seem to be off by one: with 1 added to each .*\. Cannot tell/,
  );
  const nothing = { finding: null, failure: null, preprocess: unit, data: "one" };
  expect(triedText(nothing)).toEqual([expect.stringMatching(/^Nothing tells/)]);
  expect(triedText({ ...nothing, failure: "It does not run." })).toEqual([
    "Other preprocessings could not be tried: It does not run.",
  ]);
});

test("labels speak against an assumed preprocessing and against labels that are off, not against what a person chose", () => {
  const summary = { assumed: { kind: "info", subject: "x", message: "assumed" }, preprocess: unit };
  const disproved = (changes: Partial<PreprocessFinding>, data: object = summary) => {
    given({ data: { fingerprint: "one", summary: data } as OpenData });
    actions.preprocessTried({ finding: { ...finding, ...changes }, failure: null, preprocess: unit, data: "one" });
    return isDisprovedNow(studio.getState());
  };
  expect(disproved({})).toBe(true);
  expect(disproved({ better: null })).toBe(false);
  expect(disproved({ by: "sharpness" })).toBe(false);
  expect(disproved({}, { ...summary, assumed: null })).toBe(false);
  expect(disproved({}, { ...summary, preprocess: raw })).toBe(false);
  expect(disproved({ better: null, labelShift: 1 }, { ...summary, assumed: null })).toBe(true);
});
