import fc from "fast-check";
import { expect, test } from "vitest";
import { recipe as anyRecipe } from "../artifacts/testing/arbitrary.ts";
import type { Recipe } from "../model/recipe.ts";
import { PLAIN_RECIPE } from "../model/testing/recipe.ts";
import { basisOf, isCurrent } from "./basis.ts";
import { changedSettings, unlearned, withLearned, withOthers, withSettings } from "./change.ts";
import { DERIVATIONS, type Derived, learnedFrom, missing, type Origin, originsOf } from "./derivations.ts";
import { LEARNED, SETTINGS } from "./settings.ts";

const learned: Recipe = {
  ...PLAIN_RECIPE,
  weights: { ...PLAIN_RECIPE.weights, rounding: "learned", algorithm: "awq" },
  corrections: { equalization: true, smoothing: true, bias: "empirical" },
  elementwise: "auto",
  unjoined: ["add"],
  factors: { a: { divide: [2], absorb: [0] } },
  smoothed: { n: { alpha: 0.5, divide: [2], sqnr: { before: 20, after: 30 } } },
  spared: { b: "c" },
  resolved: { a: { low: 0, high: 1 } },
  rounding: { conv: "AQ==" },
  inputScales: { a: [2] },
  codes: { conv: { codes: "AQ==", scales: "AACAPw==" } },
  biases: { conv: [1] },
};

test("nothing is derived from itself, and all that is named exists", () => {
  const outside: readonly Origin[] = ["data", "samples"];
  for (const [derived, { from, under }] of Object.entries(DERIVATIONS)) {
    expect(originsOf(derived as Derived)).not.toContain(derived);
    for (const origin of [...from, ...under]) {
      expect(origin in SETTINGS || origin in DERIVATIONS || outside.includes(origin), `${derived}: ${origin}`).toBe(
        true,
      );
    }
    expect(under.filter((origin) => from.includes(origin))).toEqual([]);
  }
});

test("every part of a recipe is a setting, or learned, or says what the recipe is of", () => {
  fc.assert(
    fc.property(anyRecipe, anyRecipe, (a, b) => {
      const changed = new Set(changedSettings(a, b));
      const put = { ...a };
      for (const key of Object.keys(b) as (keyof Recipe)[]) {
        if (key !== "version" && key !== "model" && !(LEARNED as readonly string[]).includes(key)) {
          Object.assign(put, { [key]: b[key] });
        }
      }
      if (!b.target) delete put.target;
      expect(changedSettings(put, b)).toEqual([]);
      if (changed.size === 0) expect(isCurrent("search", basisOf("search", { recipe: a }), { recipe: b })).toBe(true);
    }),
  );
});

test("a change of any field of the settings is seen by the table", () => {
  const { smoothing: _, ...corrections } = learned.corrections;
  const rough: Recipe = { ...learned, corrections, smoothed: null };
  const changes: readonly Partial<Recipe>[] = [
    { preparation: 2 },
    { activations: { type: "int8", symmetric: true } },
    { weights: { ...learned.weights, type: "int4" } },
    { weights: { ...learned.weights, granularity: "tensor" } },
    { weights: { ...learned.weights, scales: "power-of-two" } },
    { activations: { ...learned.activations, scales: "power-of-two" } },
    { weights: { ...learned.weights, rounding: "nearest" } },
    { corrections: { ...corrections, equalization: false } },
    { corrections: { ...corrections, smoothing: true } },
    { corrections: { ...corrections, bias: "none" } },
    { method: "mse" },
    { elementwise: "join" },
    { methods: { a: "mse" } },
    { ranges: { a: { low: 0, high: 2 } } },
    ...(["layers", "operators", "tensors"] as const).map((kind) => ({ float: { ...learned.float, [kind]: ["x"] } })),
    { format: "weights" },
    { target: "tensorrt" },
    { inputs: { shapes: { x: [1] }, values: {}, state: {} } },
    { inputs: { shapes: {}, values: { x: 1 }, state: {} } },
    { inputs: { shapes: {}, values: {}, state: { x: "y" } } },
  ];
  for (const change of changes) {
    const after = { ...rough, ...change };
    expect(changedSettings(rough, after)).toHaveLength("format" in change ? 2 : 1);
    for (const derived of ["bytes", "evaluation", "sensitivity", "walk", "probe", "search"] as const) {
      expect(isCurrent(derived, basisOf(derived, { recipe: rough }), { recipe: after })).toBe(false);
    }
  }
});

test("the order of layers left in float, and of names in records, is no change", () => {
  const float = { ...learned.float, layers: ["a", "b"] };
  const before = { ...learned, float, methods: { a: "mse", b: "entropy" } } as const;
  const after = { ...learned, float: { ...float, layers: ["b", "a"] }, methods: { b: "entropy", a: "mse" } } as const;
  expect(changedSettings(before, after)).toEqual([]);
  expect(withSettings(before, after).biases).toEqual(before.biases);
});

test.each<[Origin, readonly string[]]>([
  [
    "preparation",
    ["factors", "smoothed", "unjoined", "spared", "resolved", "rounding", "inputScales", "codes", "biases"],
  ],
  ["data", ["factors", "smoothed", "unjoined", "spared", "resolved", "rounding", "inputScales", "codes", "biases"]],
  ["samples", ["factors", "smoothed", "unjoined", "spared", "resolved", "rounding", "inputScales", "codes", "biases"]],
  [
    "preprocess",
    ["factors", "smoothed", "unjoined", "spared", "resolved", "rounding", "inputScales", "codes", "biases"],
  ],
  [
    "equalization",
    ["factors", "smoothed", "unjoined", "spared", "resolved", "rounding", "inputScales", "codes", "biases"],
  ],
  ["smoothing", ["smoothed", "unjoined", "spared", "resolved", "rounding", "codes", "biases"]],
  ["factors", ["smoothed", "unjoined", "spared", "resolved", "rounding", "inputScales", "codes", "biases"]],
  ["elementwise", ["unjoined", "spared", "resolved", "biases"]],
  ["unjoined", ["spared", "resolved", "biases"]],
  ["weightType", ["unjoined", "spared", "resolved", "rounding", "inputScales", "codes", "biases"]],
  ["granularity", ["rounding", "codes", "biases"]],
  ["activations", ["unjoined", "spared", "resolved", "rounding", "codes", "biases"]],
  ["float", ["spared", "resolved", "biases"]],
  ["method", ["spared", "resolved", "biases"]],
  ["rounding", ["biases"]],
  ["inputScales", ["codes", "biases"]],
  ["codes", ["biases"]],
  ["biasCorrection", ["rounding", "biases"]],
  ["spared", ["resolved"]],
  ["ranges", ["resolved"]],
  ["resolved", []],
  ["biases", []],
])("another %s takes %j with it", (origin, parts) => {
  expect(learnedFrom([origin])).toEqual(parts);
  const plain = withOthers({ ...learned, weights: { ...learned.weights, rounding: "nearest" } }, [origin]);
  expect(LEARNED.filter((part) => plain[part] === null)).toEqual(parts);
  const left = withOthers(learned, [origin]);
  const together = [origin, ...parts].includes("rounding") ? parts : parts.filter((part) => part !== "biases");
  expect(LEARNED.filter((part) => left[part] === null)).toEqual(together);
});

test("what is learned anew takes what followed from it, and the same once more takes nothing", () => {
  expect(withLearned(learned, { factors: { a: { divide: [3], absorb: [0] } } })).toMatchObject({
    resolved: null,
    rounding: null,
    biases: null,
  });
  expect(withLearned(learned, { factors: structuredClone(learned.factors) })).toEqual(learned);
  expect(withLearned(learned, { rounding: { conv: "Ag==" } })).toMatchObject({
    resolved: learned.resolved,
    biases: null,
  });
});

test("codes that were fine-tuned are asked for anew where the biases that were tuned with them are gone", () => {
  const weights = { ...learned.weights, type: "int4", rounding: "finetuned" } as const;
  const tuned: Recipe = { ...learned, weights, rounding: null };
  expect(missing(tuned)).not.toContain("codes");
  expect(missing(withSettings(tuned, { method: "minmax" }))).toEqual(expect.arrayContaining(["codes", "biases"]));
});

test("smoothing is searched again for other codes, and only where it is asked for", () => {
  const others: readonly Partial<Recipe>[] = [
    { activations: { type: "int8", symmetric: true } },
    { weights: { ...learned.weights, granularity: "tensor" } },
    { format: "dynamic" },
  ];
  const { smoothing: _, ...corrections } = learned.corrections;
  const rough = withSettings(learned, { corrections });
  expect(rough.smoothed).toBeNull();
  for (const other of others) expect(withSettings(learned, other)).toMatchObject({ smoothed: null, resolved: null });
  expect(withSettings(learned, { format: "qoperator" }).smoothed).toBe(learned.smoothed);
  const resolved = { ...rough, resolved: learned.resolved };
  expect(withSettings(resolved, { weights: { ...rough.weights, granularity: "tensor" } }).resolved).toBe(
    learned.resolved,
  );
});

test("what is no longer asked for is not kept", () => {
  const plain = withSettings(learned, {
    corrections: { equalization: false, bias: "none" },
    weights: { ...learned.weights, rounding: "nearest", algorithm: "hqq" },
    elementwise: "float",
  });
  expect(missing(plain)).toEqual(["spared", "resolved"]);
  expect(plain).toEqual({ ...unlearned(plain) });
  expect(missing(unlearned(learned))).toEqual(LEARNED);
});

test("a basis tells other samples only from samples that both know", () => {
  const basis = basisOf("evaluation", { recipe: learned, data: "a", samples: 10 });
  const now = (data: string | null, samples: number | null) =>
    isCurrent("evaluation", basis, { recipe: learned, data, samples });
  expect([now("a", 10), now("b", 10), now("a", 11), now(null, 0)]).toEqual([true, false, false, true]);
  const unknown = { ...basis, data: null };
  expect(isCurrent("evaluation", unknown, { recipe: learned, data: "b", samples: 10 })).toBe(true);
  expect(isCurrent("evaluation", unknown, { recipe: learned, data: "b", samples: 9 })).toBe(false);
  expect(isCurrent("evaluation", basis, { recipe: null })).toBe(false);
  expect(
    isCurrent("evaluation", structuredClone(basis), { recipe: structuredClone(learned), data: "a", samples: 10 }),
  ).toBe(true);
});
