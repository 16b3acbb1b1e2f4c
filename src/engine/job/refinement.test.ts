import { beforeAll, describe, expect, test } from "vitest";
import { readReport } from "../artifacts/report.ts";
import type { WeightAnalysis } from "../model/analysis.ts";
import { InputError } from "../model/job.ts";
import type { Recipe } from "../model/recipe.ts";
import { refinementText } from "../model/refinement.ts";
import type { Tensor } from "../model/tensor.ts";
import { intAttribute, makeNode } from "../onnx/attributes.ts";
import { buildModel, floatInput, noise } from "../onnx/testing/build.ts";
import { defaultRecipe, type OpenModel } from "./open.ts";
import { measureRefinement } from "./refinement.ts";
import { settleAlone } from "./settle.ts";
import { exportValid } from "./testing/exported.ts";
import { context, open } from "./testing/quantized.ts";
import { analyseWeight } from "./weights.ts";

const [WIDTH, HIDDEN] = [50, 36];

const tensor = (dims: readonly number[], data: Float32Array): Tensor => ({ type: "float32", dims, data });

/** MatMul by columns, Gemm by rows: both ways in which a weight lies, and blocks that a channel does not fill. */
const networkOf = (v: readonly number[] | null = null) =>
  buildModel({
    opset: 21,
    inputs: [floatInput("x", [2, WIDTH])],
    outputs: ["y", "z"],
    nodes: [
      makeNode("MatMul", ["x", "v"], ["m"], { name: "first" }),
      makeNode("Relu", ["m"], ["r"], { name: "relu" }),
      makeNode("Gemm", ["r", "w", "b"], ["y"], { name: "second", attributes: [intAttribute("transB", 1)] }),
      makeNode("Gemm", ["r", "w", "b"], ["z"], { name: "third", attributes: [intAttribute("transB", 1)] }),
    ],
    constants: {
      v: v ? tensor([WIDTH, HIDDEN], Float32Array.from(v)) : noise([WIDTH, HIDDEN], 1),
      w: noise([17, HIDDEN], 2),
      b: noise([17], 3),
    },
  });

const recipeOf = (
  model: OpenModel,
  weights: Partial<Recipe["weights"]>,
  format: Recipe["format"] = "weights",
): Recipe => {
  const plain = defaultRecipe(model);
  const corrections = { equalization: false, bias: "none" } as const;
  return { ...plain, format, corrections, weights: { ...plain.weights, block: 16, ...weights } };
};

let model: OpenModel;
beforeAll(async () => {
  model = await open(networkOf());
});

describe("what scales of least error gain", () => {
  test.each([
    ...(["int8", "uint8", "int4", "uint4", "int2", "uint2"] as const).map((type) => ({ type })),
    { type: "uint4", block: 32 },
    { type: "uint4", block: 256 },
    { type: "int4", rounding: "stochastic", seed: 7 },
  ] as readonly Partial<Recipe["weights"]>[])("is beside what the algorithm nearest writes: %j", async (weights) => {
    const recipe = recipeOf(model, weights);
    const { weights: found, nearest, refined } = await measureRefinement(model, recipe, context);
    expect(found.map(({ weight, layers }) => [weight, layers])).toEqual([
      ["v", ["first"]],
      ["w", ["second", "third"]],
    ]);
    const other = recipeOf(model, { ...weights, algorithm: "nearest" });
    for (const each of found) {
      expect(each.refined).toBe(analyseWeight(model, each.weight, recipe).sqnr);
      expect(each.nearest).toBe(analyseWeight(model, each.weight, other).sqnr);
      expect(each.left).toBeCloseTo(10 ** ((each.nearest - each.refined) / 10), 9);
      expect(each.values).toBe(each.weight === "v" ? WIDTH * HIDDEN : 17 * HIDDEN);
    }
    const between = (side: "nearest" | "refined") => found.map((each) => each[side]).sort((a, b) => a - b);
    expect(nearest).toBeGreaterThan(between("nearest")[0]!);
    expect(nearest).toBeLessThan(between("nearest")[1]!);
    expect(refined).toBeGreaterThan(between("refined")[0]!);
    expect(refined).toBeLessThan(between("refined")[1]!);
  });

  test("is in the report, measured on scales that float16 holds where the format has these", () => {
    const recipe = recipeOf(model, { type: "uint4", operator: "matmulnbits", others: "wider" }, "q4f16");
    const made = exportValid(model, {
      ...settleAlone(model, { ...recipe, spared: {} }),
      evaluation: null,
      date: "2026-11-30T00:00:00.000Z",
    });
    const file = made.files.find(({ name }) => name.endsWith(".report.json"))!;
    const report = readReport(new TextDecoder().decode(Buffer.concat(file.chunks)), file.name);
    const other = { ...recipe, weights: { ...recipe.weights, algorithm: "nearest" as const } };
    expect(report.refinement?.weights.map(({ nearest }) => nearest)).toEqual([
      analyseWeight(model, "v", other).sqnr,
      analyseWeight(model, "w", other).sqnr,
    ]);
    expect(report.weights.map(({ axis, block }) => [axis, block])).toEqual([
      [null, 16],
      [null, 16],
      [null, 16],
    ]);
    const page = made.files.find(({ name }) => name.endsWith(".report.html"))!;
    const text = new TextDecoder().decode(Buffer.concat(page.chunks));
    expect(text).toContain("one in 16 weights");
    expect(text).toContain("SQNR by the largest weights");
    expect(text).not.toContain("one, per tensor");
  });

  test("is nothing to tell of weights that any scale holds, and of zeros", async () => {
    const steps = Array.from({ length: WIDTH * HIDDEN }, (_, at) => (at % 3 === 0 ? 3.75 : 0));
    const exact = await measureRefinement(await open(networkOf(steps)), recipeOf(model, { type: "uint4" }), context);
    expect(exact.weights[0]).toMatchObject({ nearest: Infinity, refined: Infinity, left: 1 });
    expect(exact.refined).toBeLessThan(Infinity);
    const zeros = await measureRefinement(
      await open(networkOf(steps.map(() => 0))),
      recipeOf(model, { type: "uint4" }),
      context,
    );
    expect(zeros.weights[0]).toMatchObject({ nearest: Number.NaN, refined: Number.NaN, left: 1 });
    expect(zeros.refined).toBe(zeros.weights[1]!.refined);
  });

  test("is said to be less where what counts is another error: of the inputs that a normalization makes large", async () => {
    const gains = Float32Array.from({ length: WIDTH }, (_, k) => (k % 16 === 3 ? 50 : 0.01));
    const normalized = await open(
      buildModel({
        opset: 21,
        inputs: [floatInput("x", [2, WIDTH])],
        outputs: ["y"],
        nodes: [
          makeNode("LayerNormalization", ["x", "g"], ["n"], { name: "norm" }),
          makeNode("MatMul", ["n", "v"], ["y"], { name: "first" }),
        ],
        constants: { g: tensor([WIDTH], gains), v: noise([WIDTH, HIDDEN], 1) },
      }),
    );
    const found = await measureRefinement(normalized, recipeOf(normalized, { type: "uint4" }), context);
    expect(found.refined).toBeLessThan(found.nearest - 0.5);
    expect(found.weights[0]!.left).toBeGreaterThan(1.1);
    expect(refinementText(found)).toContain("1 tensor has less by it, since another error was made least, v (");
  });

  test("is not told of a recipe whose scales are found otherwise", async () => {
    for (const weights of [
      { type: "uint4", algorithm: "nearest" },
      { type: "nf4", block: 64 },
      { type: "int4", block: undefined },
    ]) {
      await expect(
        measureRefinement(model, recipeOf(model, weights as Partial<Recipe["weights"]>), context),
      ).rejects.toThrow(InputError);
    }
  });

  test("is not measured on once it is cancelled", async () => {
    const abort = new AbortController();
    const cancelling = { signal: abort.signal, report: () => abort.abort() };
    await expect(measureRefinement(model, recipeOf(model, { type: "int4" }), cancelling)).rejects.toThrow(
      expect.objectContaining({ name: "AbortError" }),
    );
  });
});

test("a report takes what was found of weights before, and leaves what it finds for another", async () => {
  const { recipe, calibration } = settleAlone(model, recipeOf(model, { type: "int4" }));
  const figures = new Map<string, WeightAnalysis>();
  const job = { recipe, calibration, evaluation: null, date: "", figures };
  const first = exportValid(model, job).report;
  expect([...figures.keys()].toSorted()).toEqual(["v", "w"]);
  figures.set("v", { ...figures.get("v")!, sqnr: 1234 });
  const second = exportValid(model, job).report;
  expect(second.weights.find(({ name }) => name === "v")!.sqnr).toBe(1234);
  expect(second.refinement).toEqual(first.refinement);
});

test("the sentence says which side is which, that it is of weights, and what lost by it", () => {
  const weight = (name: string, nearest: number, refined: number) => ({
    weight: name,
    layers: [name],
    values: 4,
    nearest,
    refined,
    left: Number.isNaN(nearest) || nearest === refined ? 1 : 10 ** ((nearest - refined) / 10),
  });
  expect(refinementText({ weights: [weight("a", 20, 22)], nearest: 20, refined: 22 })).toBe(
    "scales of least error, found without data, give the weights in blocks (1 tensor) an SQNR of 22.0 dB, those of each block's largest weights 20.0 dB (+2.00 dB); it is of the weights, each counting alike, and not of outputs",
  );
  const mixed = [weight("a", 20, 22), weight("b", 21, 20.9), weight("c", 21, 20)];
  expect(refinementText({ weights: mixed, nearest: 20, refined: 21 })).toMatch(
    /; 2 tensors have less by it, since another error was made least, most of all c \(20\.0 dB, 21\.0 dB before\)$/,
  );
  expect(refinementText({ weights: [weight("a", Infinity, Infinity)], nearest: Infinity, refined: Infinity })).toBe(
    "the weights in blocks (1 tensor) have no error by either way to scale them, so that there was nothing to gain",
  );
  expect(refinementText({ weights: [weight("a", NaN, NaN)], nearest: NaN, refined: NaN })).toBe(
    "all of the weights in blocks (1 tensor) are zero, so that scales gain nothing",
  );
});
