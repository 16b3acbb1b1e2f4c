import { expect, test } from "vitest";
import type { GroupFigures, WeightAnalysis } from "../../engine/model/analysis.ts";
import type { Recipe } from "../../engine/model/recipe.ts";
import { type Own, ownLines, weightLine } from "./own.ts";

const figures = (change: Partial<GroupFigures["figures"]>): GroupFigures => ({
  group: "relu",
  source: "mse",
  type: "uint8",
  nonFinite: 0,
  spark: [],
  figures: {
    range: { low: 0, high: 6 },
    scale: 6 / 255,
    zeroPoint: 0,
    clipped: 0.0025,
    mse: 1e-4,
    sqnr: 40,
    effectiveBits: 6.35,
    ...change,
  },
});

const own = (change: Partial<Own>): Own => ({
  recipe: { model: { name: "net" }, activations: { type: "uint8", symmetric: false } } as Recipe,
  tensor: "relu",
  figures: figures({}),
  members: ["relu"],
  evaluation: null,
  stale: false,
  layers: { all: 3, quantized: 2, groups: 4 },
  observed: null,
  ...change,
});

test("a scale is shown with a value and the integer it is stored as, the zero point added", () => {
  expect(ownLines("scale", own({}))).toEqual(["One step of relu is 0.0235, so 2 is stored as 85."]);
  const shifted = own({ figures: figures({ range: { low: -3, high: 3 }, zeroPoint: 128 }) });
  expect(ownLines("scale", shifted)).toEqual(["One step of relu is 0.0235, so 1 is stored as 43 + 128 = 171."]);
});

test("a zero point says why it is what it is", () => {
  expect(ownLines("zero point", own({}))[0]).toMatch(/zero point 0, since nothing in its range is below 0/);
  const below = own({ figures: figures({ range: { low: -2.5, high: 3 }, zeroPoint: 116 }) });
  expect(ownLines("zero point", below)[0]).toBe(
    "In relu the integer 116 stands for 0, since its range begins at −2.50.",
  );
});

test("clipping and SQNR are said in shares", () => {
  expect(ownLines("clip range", own({}))).toEqual([
    "relu keeps 0 to 6.00; 0.250 % of its values lie outside, estimated.",
  ]);
  expect(ownLines("SQNR", own({}))[0]).toContain("40.0 dB, an error of 1.00 % of the values");
  expect(ownLines("SQNR", own({ figures: figures({ sqnr: Infinity }) }))[0]).toBe("relu: ∞ dB, estimated.");
});

test("without a tensor or a result nothing is made up", () => {
  const bare = own({ tensor: null, figures: null, recipe: null });
  for (const word of ["scale", "SQNR", "KL", "QDQ", "top-1", "calibration"] as const) {
    expect(ownLines(word, bare)).toEqual([]);
  }
});

test("a weight names its narrowest living channel and what one scale leaves it", () => {
  const channel = (reach: number, scale: number) => ({ min: -reach, max: reach / 2, scale, sqnr: 30 });
  const weight: WeightAnalysis = {
    name: "w",
    dims: [3, 1],
    axis: null,
    block: null,
    sqnr: 20,
    channels: [channel(12.7, 0.1), channel(0.2, 0.1), channel(0, 0.1)],
  };
  expect(weightLine(weight)).toBe(
    "w: channel 1 reaches ±0.200, channel 0 ±12.7, 63.5 times as far. Its one scale is 0.100, which leaves channel 1 2.00 of 127 steps.",
  );
  expect(weightLine({ ...weight, block: 32 })).toBe(
    "w: channel 1 reaches ±0.200, channel 0 ±12.7, 63.5 times as far. Every 32 weights have a scale of their own, which no other channel decides.",
  );
  expect(weightLine({ ...weight, channels: weight.channels.slice(2) })).toBeNull();
});
