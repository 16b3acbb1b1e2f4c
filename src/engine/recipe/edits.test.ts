import { expect, test } from "vitest";
import { rangeOf } from "../encode/ranges.ts";
import type { Recipe } from "../model/recipe.ts";
import type { TensorStatistics } from "../model/statistics.ts";
import { PLAIN_RECIPE } from "../model/testing/recipe.ts";
import { samePlan } from "./basis.ts";
import { missing } from "./derivations.ts";
import {
  INT8,
  withActivations,
  withBlock,
  withCorrections,
  withEnds,
  withFineTuning,
  withFloat,
  withFormat,
  withGranularity,
  withGroupDefault,
  withGroupMethod,
  withGroupRange,
  withLearnedRounding,
  withMethod,
  withPowersOfTwo,
  withRounding,
  withRoundingSeed,
  withSamplesOf,
  withSmoothing,
  withTarget,
  withWeightAlgorithm,
  withWeightOperator,
  withWeightType,
} from "./edits.ts";

const recipe: Recipe = {
  ...PLAIN_RECIPE,
  methods: { a: "entropy" },
  ranges: { b: { low: 0, high: 2 } },
  resolved: { a: { low: 0, high: 1 }, b: { low: 0, high: 2 }, c: { low: -1, high: 1 } },
};

test("a range by hand replaces a method, settles its own range and no other", () => {
  const edited = withGroupRange(recipe, "a", { low: 0, high: 3 }, null);
  expect(edited.methods).toEqual({});
  expect(edited.ranges).toEqual({ a: { low: 0, high: 3 }, b: { low: 0, high: 2 } });
  expect(edited.resolved).toEqual({ ...recipe.resolved, a: { low: 0, high: 3 } });
});

test("groups of names that every object has are like any other, as state is kept", () => {
  for (const name of ["__proto__", "constructor", "hasOwnProperty"]) {
    const range = { low: 0, high: 3 };
    const edited: Recipe = structuredClone(withGroupRange(recipe, name, range, null));
    expect(Object.entries(edited.ranges)).toEqual([...Object.entries(recipe.ranges), [name, range]]);
    const chosen: Recipe = structuredClone(withGroupMethod(edited, name, "mse", range));
    expect(Object.entries(chosen.methods)).toEqual([...Object.entries(recipe.methods), [name, "mse"]]);
    expect(Object.entries(chosen.ranges)).toEqual(Object.entries(recipe.ranges));
    expect(Object.entries(chosen.resolved ?? {})).toContainEqual([name, range]);
    expect(Object.entries(withGroupDefault(chosen, name).methods)).toEqual(Object.entries(recipe.methods));
  }
});

test("a range by hand is settled as the engine settles it, within what a Relu or Clip lets through", () => {
  for (const bounds of [null, { low: 0, high: 6 }, { low: 0, high: Infinity }, { low: 1, high: 2 }]) {
    for (const range of [
      { low: -7, high: 7 },
      { low: 0, high: 0.5 },
    ]) {
      const { ranges, resolved } = withGroupRange(recipe, "a", range, bounds);
      const group = { id: "a", members: ["a"], fixed: null, bounds, least: null, whole: false };
      const settled = rangeOf(group, {} as TensorStatistics, { ...recipe, ranges: { a: range } }).range;
      expect(ranges.a).toEqual(settled);
      expect(resolved?.a).toEqual(settled);
    }
  }
});

test("adopting a method takes back the range by hand", () => {
  const edited = withGroupMethod(recipe, "b", "mse", { low: 0, high: 1.5 });
  expect(edited.methods).toEqual({ a: "entropy", b: "mse" });
  expect(edited.ranges).toEqual({});
  expect(edited.resolved?.b).toEqual({ low: 0, high: 1.5 });
});

test("what concerns more than one range asks the engine to settle again", () => {
  for (const edited of [
    withMethod(recipe, "mse"),
    withActivations(recipe, INT8),
    withFloat(recipe, "layers", ["conv"], true),
    withGroupDefault(recipe, "a"),
  ]) {
    expect(edited.resolved).toBeNull();
  }
  expect(withGranularity(recipe, "tensor").resolved).toBe(recipe.resolved);
});

test("rounding that was learned goes with the weights, their scales and what the layers read", () => {
  const learned = { ...withRounding(recipe, "learned", { conv: "AQ==" }), biases: { conv: [1] } };
  for (const edited of [
    withGranularity(learned, "tensor"),
    withWeightType(learned, "int4"),
    withCorrections(learned, { equalization: true }),
    withRounding(learned, "nearest", null),
    withFormat(learned, "weights"),
    withCorrections(learned, { bias: "analytic" }),
  ]) {
    expect([edited.rounding, edited.biases]).toEqual([null, null]);
  }
  for (const edited of [withMethod(learned, "mse"), withFloat(learned, "layers", ["other"], true)]) {
    expect([edited.rounding, edited.biases]).toEqual([learned.rounding, learned.biases]);
    expect(missing(edited)).not.toContain("biases");
  }
  const corrected = { ...learned, corrections: { ...learned.corrections, bias: "empirical" }, biases: null } as const;
  expect(missing(corrected)).toEqual(expect.arrayContaining(["rounding", "biases"]));
});

test("a seed is of stochastic rounding, ends biases that were learned with another, and goes with it", () => {
  const drawn = { ...withRoundingSeed(withRounding(recipe, "stochastic", null), 5), biases: { conv: [1] } };
  expect(drawn.weights).toMatchObject({ rounding: "stochastic", seed: 5 });
  expect(withRoundingSeed(drawn, 6).biases).toBeNull();
  expect(withBlock(withFormat(drawn, "weights"), 32).weights).toMatchObject({ rounding: "stochastic", seed: 5 });
  for (const edited of [withRounding(drawn, "nearest", null), withFormat(drawn, "q4f16")]) {
    expect(edited.weights).toMatchObject({ rounding: "nearest" });
    expect(edited.weights).not.toHaveProperty("seed");
  }
});

test("a codebook has no blocks and no learned rounding, and blocks take it back", () => {
  const inBlocks = withBlock(withFormat(recipe, "weights"), 32);
  const { weights } = withWeightType(withWeightOperator(inBlocks, "matmulnbits"), "codebook256");
  expect(weights).toEqual({ type: "codebook256", granularity: "channel", rounding: "nearest" });
  const back = withBlock(withWeightType(inBlocks, "codebook16"), 64);
  expect(back.weights).toMatchObject({ type: "int4", block: 64 });
  expect(withActivations(withWeightType(inBlocks, "codebook16"), INT8).weights.type).toBe("int4");
});

test("float8 is of weights and activations alike, without blocks, and goes with its format", () => {
  const inFloat8 = withFormat(withBlock(withFormat(recipe, "weights"), 32), "float8");
  expect(inFloat8).toMatchObject({ format: "float8", activations: { type: "float8", symmetric: true } });
  expect(inFloat8.weights).toEqual({ type: "float8", granularity: "channel", rounding: "nearest" });
  expect(withFormat(inFloat8, "qdq")).toMatchObject({
    format: "qdq",
    activations: { type: "uint8", symmetric: false },
    weights: { type: "int8" },
  });
  expect(withFormat(inFloat8, "q4f16").weights).toMatchObject({ type: "uint4", block: 32 });
  expect(withActivations(inFloat8, INT8)).toMatchObject({
    format: "qdq",
    activations: INT8,
    weights: { type: "int8" },
  });
});

test("activations go to float and come back under the scheme chosen", () => {
  const inFloat = withFormat(recipe, "weights");
  expect(inFloat).toMatchObject({ activations: recipe.activations, format: "weights", resolved: null });
  expect(withActivations(inFloat, INT8)).toMatchObject({ activations: INT8, format: "qdq" });
});

test("what was learned stays where codes are written in the place of pairs, and goes with every other format", () => {
  const learned = { ...withRounding(recipe, "learned", { conv: "AQ==" }), biases: { conv: [1] } };
  const codes = withFormat(learned, "qoperator");
  expect({ ...codes, format: "qdq" }).toEqual(learned);
  expect(withActivations(codes, INT8).format).toBe("qoperator");
  for (const format of ["dynamic", "weights"] as const) {
    expect(withFormat(learned, format)).toMatchObject({ format, resolved: null, rounding: null, biases: null });
  }
});

test("a layer goes to float once and comes back", () => {
  const once = withFloat(withFloat(recipe, "layers", ["conv"], true), "layers", ["conv"], true);
  expect(once.float.layers).toEqual(["conv"]);
  expect(samePlan(once, recipe)).toBe(false);
  expect(samePlan(withFloat(once, "layers", ["conv"], false), recipe)).toBe(true);
});

test("a plan is another where equalizing came to other factors, and where ranges or methods are of other names", () => {
  const equalized = (divide: number) => ({
    ...withCorrections(recipe, { equalization: true }),
    factors: { a: { divide: [divide], absorb: [0] } },
  });
  expect(samePlan(equalized(2), equalized(2))).toBe(true);
  expect(samePlan(equalized(2), equalized(3))).toBe(false);
  expect(samePlan(equalized(2), recipe)).toBe(false);
  expect(samePlan(recipe, withGroupRange(recipe, "b", { low: 0, high: 3 }, null))).toBe(true);
  expect(samePlan(recipe, withGroupRange(recipe, "c", { low: 0, high: 3 }, null))).toBe(false);
  expect(samePlan(recipe, withGroupDefault(recipe, "a"))).toBe(false);
  expect(samePlan(recipe, withFormat(recipe, "weights"))).toBe(false);
  expect(samePlan(recipe, withWeightType(recipe, "int4"))).toBe(false);
  expect(samePlan(recipe, withMethod(recipe, "mse"))).toBe(true);
});

test("a layer that comes back gets a corrected bias again", () => {
  const corrected = { ...recipe, biases: { conv: [1], other: [2] } };
  const gone = withFloat(corrected, "layers", ["conv"], true);
  expect(gone.biases).toBeNull();
  expect(withFloat(gone, "layers", ["conv"], false).biases).toBeNull();
});

test("a calibration of samples preprocessed otherwise leaves nothing that others have taught", () => {
  const learned = { factors: { a: { divide: [2], absorb: [0] } }, biases: { conv: [1] }, rounding: { conv: "AA==" } };
  const preprocess = { resize: null, crop: null, layout: "NCHW", color: "RGB", scale: 1, mean: [0], std: [1] } as const;
  const taught = { ...recipe, ...learned, preprocess };
  const { seed } = taught;
  expect(withSamplesOf(taught, { preprocess, seed })).toEqual({ ...taught, resolved: null });
  const otherwise = { ...preprocess, scale: 1 / 255 };
  expect(withSamplesOf(taught, { preprocess: otherwise, seed })).toEqual({
    ...taught,
    ...{ preprocess: otherwise, resolved: null, factors: null, biases: null, rounding: null },
  });
});

test("what goes with weights alone is dropped where activations are quantized too, and by default not written", () => {
  const alone = withWeightOperator(
    withBlock(withWeightType(withFormat(recipe, "weights"), "uint4"), 32),
    "matmulnbits",
  );
  const chosen = withWeightAlgorithm(alone, "nearest");
  expect(chosen.weights).toEqual({
    ...{ type: "uint4", granularity: "channel", rounding: "nearest" },
    ...{ block: 32, others: "wider", operator: "matmulnbits", algorithm: "nearest" },
  });
  const plain = { type: "uint4", granularity: "channel", rounding: "nearest" };
  expect(withBlock(chosen, null).weights).toEqual(plain);
  expect(withWeightAlgorithm(withWeightOperator(chosen, null), null).weights).toEqual({
    ...plain,
    block: 32,
    others: "wider",
  });
  for (const format of ["qdq", "qoperator", "dynamic"] as const) {
    expect(withFormat(chosen, format).weights).toEqual({ ...plain, type: "int4" });
  }
  expect(withFormat(chosen, "weights").weights).toEqual(chosen.weights);
  expect(withActivations(chosen, INT8).weights).toEqual({ ...plain, type: "int4" });
  const normal = withWeightType(chosen, "nf4");
  expect(normal.weights).toEqual({ ...plain, type: "nf4", block: 32, others: "wider" });
  expect(withWeightType(recipe, "nf4").weights).toEqual({ ...plain, type: "nf4", block: 64 });
  expect(withBlock(normal, null).weights).toEqual({ ...plain, type: "int4" });
  expect(withFormat(normal, "qdq").weights).toEqual({ ...plain, type: "int4" });
  const learned = { ...recipe, weights: { ...recipe.weights, rounding: "learned", granularity: "tensor" } } as const;
  expect(withBlock(learned, 16).weights).toMatchObject({ rounding: "nearest", granularity: "channel" });
  expect(withWeightType(learned, "uint8").weights.rounding).toBe("nearest");
  expect(withWeightType(learned, "int4").weights.rounding).toBe("learned");
});

test("takes codes and biases that were tuned, and what samples taught them, and lets them go with the weights that they are of", () => {
  const int4: Recipe = { ...withWeightType(PLAIN_RECIPE, "int4"), resolved: {}, prints: null };
  const codes = { conv: { codes: "AQ==", scales: "AACAPw==" } };
  const tuned = withFineTuning(int4, { codes, biases: { conv: [0.5] }, prints: "AAAAAAAA" });
  expect(tuned).toMatchObject({ codes, biases: { conv: [0.5] }, rounding: null, prints: "AAAAAAAA", resolved: {} });
  expect(tuned.weights.rounding).toBe("finetuned");
  expect(missing(tuned)).toEqual([]);
  const smoothed = withSmoothing(tuned, true);
  expect([smoothed.codes, smoothed.biases]).toEqual([null, null]);
  for (const other of [
    ...[withTarget(tuned, "tensorrt"), withWeightType(tuned, "int8"), withWeightType(tuned, "nf4")],
    ...[withGranularity(tuned, "tensor"), withPowersOfTwo(tuned, true)],
  ]) {
    expect([other.weights.rounding, "codes" in other]).toEqual(["nearest", false]);
  }
  const learned = withLearnedRounding(tuned, { rounding: { conv: "AQ==" }, biases: { conv: [1] }, prints: "AAAAAAAA" });
  expect("codes" in learned).toBe(false);
});

test("makes weights those that MatMulNBits reads beside float16, and others again beside codes", () => {
  const halves = withFormat(withPowersOfTwo(withGranularity(recipe, "tensor"), true), "q4f16");
  const weights = { type: "uint4", granularity: "channel", rounding: "nearest", block: 32, operator: "matmulnbits" };
  expect(halves).toMatchObject({ format: "q4f16" });
  expect(halves.weights).toEqual(weights);
  expect(withFormat(halves, "q4f16")).toEqual(halves);
  const chosen = withWeightAlgorithm(withBlock(withWeightType(halves, "int4"), 64), "nearest");
  expect(withFormat(chosen, "q4f16").weights).toEqual({
    ...weights,
    type: "int4",
    block: 64,
    algorithm: "nearest",
  });
  expect(withFormat(halves, "qdq").weights).toEqual({ type: "int4", granularity: "channel", rounding: "nearest" });
});

test("what is no longer asked for is not there, as in a recipe that never asked", () => {
  const blocks = withBlock(withWeightType(withFormat(recipe, "weights"), "uint4"), 32);
  const found = {
    ...withWeightAlgorithm(blocks, "awq"),
    inputScales: { a: [1, 2] },
    codes: { layer: { codes: "", scales: "" } },
  };
  const gptq = withWeightAlgorithm(found, "gptq");
  expect("inputScales" in gptq).toBe(false);
  expect(gptq.codes).toBeNull();
  expect("codes" in withWeightAlgorithm(gptq, null)).toBe(false);
});

test("inputs and outputs in float16 stand for what is settled, and go with the format or a target that does not take them", () => {
  const half = { ...recipe, format: "float16" } as const;
  const ended = withEnds(half, "float16");
  expect(ended).toEqual({ ...half, ends: "float16" });
  expect(samePlan(half, ended)).toBe(false);
  expect(withEnds(ended, "float32")).toEqual(half);
  expect(withFormat(ended, "q4f16").ends).toBe("float16");
  expect(withFormat(ended, "qdq")).not.toHaveProperty("ends");
  expect(withTarget(ended, "openvino")).not.toHaveProperty("ends");
});
