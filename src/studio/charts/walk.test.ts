import { expect, test } from "vitest";
import type { ErrorWalk } from "../../engine/model/sensitivity.ts";
import { byLoss, lossOf, marksOf } from "./walk.ts";

const step = (layer: string, sqnr: number, inputSqnr: number | null) => ({
  ...{ layer, tensor: layer, sqnr, inputSqnr },
  mse: 0,
});
const walk: ErrorWalk = {
  samples: 2,
  steps: [
    step("first", 40, null),
    step("little", 38, 40),
    step("gain", 39, 38),
    step("much", 30, 39),
    step("enters", 45, Number.POSITIVE_INFINITY),
    step("exact", Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY),
  ],
};

test("a step loses what it is below the worst tensor it reads", () => {
  expect(walk.steps.map(lossOf)).toEqual([null, 2, -1, 9, Number.POSITIVE_INFINITY, null]);
});

test("most lost comes first, and only a doubling of the noise is marked", () => {
  expect(byLoss(walk).map(({ layer }) => layer)).toEqual(["enters", "much", "little"]);
  const marks = marksOf(walk, null).map(({ step, place }) => [place, step.layer]);
  expect(marks).toEqual([
    [1, "enters"],
    [2, "much"],
  ]);
});

test("beside the one list of culprits the walk marks these by their places in it, and no ranking of its own", () => {
  const marks = marksOf(walk, ["little", "not in the file", "first"]).map(({ step, place }) => [place, step.layer]);
  expect(marks).toEqual([
    [1, "little"],
    [3, "first"],
  ]);
  expect(marksOf(walk, [])).toEqual([]);
});
