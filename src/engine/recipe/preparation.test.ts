import { expect, test } from "vitest";
import { InputError } from "../model/job.ts";
import { LATEST_PREPARATION } from "../model/preparation.ts";
import type { Recipe } from "../model/recipe.ts";
import { PLAIN_RECIPE } from "../model/testing/recipe.ts";
import { missing } from "./derivations.ts";
import { preparedFor } from "./preparation.ts";
import { LEARNED } from "./settings.ts";

const recipe: Recipe = {
  ...PLAIN_RECIPE,
  weights: { ...PLAIN_RECIPE.weights, rounding: "learned" },
  corrections: { equalization: true, smoothing: true, bias: "empirical" },
  methods: { a: "mse" },
  ranges: { a: { low: 0, high: 2 } },
  float: { ...PLAIN_RECIPE.float, layers: ["conv"] },
  factors: { a: { divide: [2], absorb: [0] } },
  smoothed: { n: { alpha: 0.5, divide: [2], sqnr: { before: 20, after: 30 } } },
  resolved: { a: { low: 0, high: 1 } },
  rounding: { conv: "AQ==" },
  inputScales: { a: [2] },
  codes: { conv: { codes: "AQ==", scales: "AACAPw==" } },
  biases: { conv: [1] },
};

test("a recipe for the same preparation is the recipe itself, and nothing is said", () => {
  const taken = preparedFor(recipe, recipe.preparation);
  expect(taken.recipe).toBe(recipe);
  expect(taken.notices).toEqual([]);
});

test("for another one it keeps its settings and nothing that was learned, which is said in one sentence", () => {
  const taken = preparedFor(recipe, recipe.preparation + 1);
  const unlearned = Object.fromEntries(LEARNED.map((part) => [part, null]));
  expect(taken.recipe).toEqual({ ...recipe, ...unlearned, preparation: recipe.preparation + 1 });
  expect(taken.notices).toEqual([
    {
      kind: "warning",
      subject: "recipe",
      message: expect.stringMatching(
        /^The recipe was learned for net as another .* of equalization, smoothing, ranges, learned rounding, scales by AWQ, codes found on samples, corrected biases is of other weights/,
      ),
    },
  ]);
});

test("only what is there is named", () => {
  const { notices } = preparedFor(
    { ...recipe, factors: null, smoothed: null, rounding: null, inputScales: null, codes: null, resolved: {} },
    recipe.preparation + 1,
  );
  expect(notices).toEqual([
    expect.objectContaining({ message: expect.stringContaining("holds of corrected biases is") }),
  ]);
  expect(preparedFor(PLAIN_RECIPE, PLAIN_RECIPE.preparation + 1)).toEqual({
    recipe: { ...PLAIN_RECIPE, preparation: PLAIN_RECIPE.preparation + 1 },
    notices: [],
  });
});

test("a recipe of a newer Octet is refused, whatever the model's preparation", () => {
  const newer = { ...recipe, preparation: LATEST_PREPARATION + 1 };
  for (let preparation = 1; preparation <= LATEST_PREPARATION; preparation++) {
    expect(() => preparedFor(newer, preparation)).toThrow(InputError);
    expect(() => preparedFor(newer, preparation)).toThrow(/newer Octet .* update Octet\.$/);
  }
});

test.each([
  [
    "rounding",
    { weights: { ...recipe.weights, rounding: "learned" }, codes: null },
    /^The recipe holds learned rounding without the biases .* it is not used, and learned anew/,
  ],
  [
    "codes",
    { weights: { ...recipe.weights, type: "int4", rounding: "finetuned" }, rounding: null },
    /^The recipe holds fine-tuned weights without the biases .* they are not used, and tuned anew/,
  ],
] as const)(
  "%s without the biases that were learned with it is not gone by, which is said",
  (part, changes, message) => {
    const held: Recipe = { ...recipe, ...changes, biases: null };
    const { recipe: taken, notices } = preparedFor(held, recipe.preparation);
    expect(taken).toBe(held);
    expect(missing(held)).toContain(part);
    expect(notices).toEqual([{ kind: "warning", subject: "recipe", message: expect.stringMatching(message) }]);
    expect(preparedFor({ ...held, biases: {} }, recipe.preparation).notices).toEqual([]);
  },
);

test("rounding without biases that nothing corrects is gone by, and nothing is said", () => {
  const held: Recipe = { ...recipe, biases: null, corrections: { ...recipe.corrections, bias: "none" } };
  expect(missing(held)).not.toContain("rounding");
  expect(preparedFor(held, recipe.preparation).notices).toEqual([]);
});
