import { expect, test } from "vitest";
import type { Calibration } from "../../engine/model/calibration.ts";
import { PLAIN_RECIPE } from "../../engine/model/testing/recipe.ts";
import { withCorrections, withFormat } from "../../engine/recipe/edits.ts";
import { begin } from "./history.ts";
import { NO_PROJECT, type OpenData, type OpenModel } from "./slices/project.ts";
import { NO_RESULTS } from "./slices/results.ts";
import { followedCalibration, isStandIn } from "./standIn.ts";
import { nextAction, stepStates } from "./steps.ts";

const model = { summary: { name: "net", sha256: "00" } } as OpenModel;
const weightsOnly = withFormat(PLAIN_RECIPE, "weights");
const real = { wanted: 8, observed: [], skipped: [], preprocess: null, equalized: false } as unknown as Calibration;
const following = (recipe: typeof PLAIN_RECIPE, calibration: Calibration | null) =>
  followedCalibration({ model, recipe: begin(recipe), calibration });

test("a calibration that observed nothing comes when activations go to float, and leaves when they come back", () => {
  const standIn = following(weightsOnly, null);
  expect(standIn && isStandIn(standIn)).toBe(true);
  expect(standIn).toMatchObject({ model: { sha256: "00" }, equalized: false });
  expect(following(weightsOnly, standIn)).toBe(standIn);
  expect(following(PLAIN_RECIPE, standIn)).toBeNull();
});

test("one that observed samples stays through it all", () => {
  for (const recipe of [PLAIN_RECIPE, weightsOnly]) expect(following(recipe, real)).toBe(real);
  expect(following(PLAIN_RECIPE, null)).toBeNull();
});

test("weights that wait for equalization are not taken for equalized", () => {
  const waiting = withCorrections(weightsOnly, { equalization: true });
  expect(following(waiting, null)?.equalized).toBe(false);
  expect(following({ ...waiting, factors: {} }, null)?.equalized).toBe(true);
});

test("where only weights are quantized, calibrating is not needed, and export needs no data", () => {
  const facts = {
    ...NO_PROJECT,
    ...NO_RESULTS,
    model,
    recipe: begin(weightsOnly),
    calibration: following(weightsOnly, null),
  };
  expect(stepStates(facts).calibrate.standing).toBe("unneeded");
  expect(nextAction(facts)).toBe("export");
  const data = { files: [], summary: { samples: 20 }, fingerprint: "d" } as unknown as OpenData;
  expect(nextAction({ ...facts, data, samples: 10 })).toBe("evaluate");
  expect(nextAction({ ...facts, data, samples: 10, calibration: { ...real, wanted: 9 } })).toBe("evaluate");
});
