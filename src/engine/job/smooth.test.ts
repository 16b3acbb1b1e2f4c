import { beforeAll, expect, test } from "vitest";
import { readCalibration, writeCalibration } from "../artifacts/cache.ts";
import { readRecipe, writeRecipe } from "../artifacts/recipe.ts";
import { run } from "../graph/testing/native.ts";
import { InputError } from "../model/job.ts";
import type { Recipe } from "../model/recipe.ts";
import type { Tensor, TensorMap } from "../model/tensor.ts";
import { Comparator } from "../numerics/metrics.ts";
import { makeNode } from "../onnx/attributes.ts";
import type { ModelProto } from "../onnx/proto/onnx_pb.ts";
import { buildModel, floatInput, noise } from "../onnx/testing/build.ts";
import { withFormat, withSmoothing } from "../recipe/edits.ts";
import type { OpenDataset } from "./data.ts";
import { defaultRecipe, equalizedModel, type OpenModel } from "./open.ts";
import { assertCalibratedFor, quantizeModel } from "./quantize.ts";
import { type Settled, settle } from "./settle.ts";
import { exportValid } from "./testing/exported.ts";
import { context, datasetOf, open, runtime } from "./testing/quantized.ts";

const [ROWS, WIDTH, HIDDEN, SAMPLES] = [8, 32, 48, 8];

/** A normalization whose gains make some channels far larger than the others, and weights that make up for it. */
function network(gains: (channel: number) => number): ModelProto {
  const gain: Tensor = {
    type: "float32",
    dims: [WIDTH],
    data: Float32Array.from({ length: WIDTH }, (_, c) => gains(c)),
  };
  return buildModel({
    opset: 17,
    inputs: [floatInput("x", [ROWS, WIDTH])],
    outputs: ["y"],
    nodes: [
      makeNode("LayerNormalization", ["x", "gain", "shift"], ["n"], { name: "norm" }),
      makeNode("MatMul", ["n", "w1"], ["a"], { name: "w1" }),
      makeNode("MatMul", ["n", "w2"], ["b"], { name: "w2" }),
      makeNode("Mul", ["a", "b"], ["h"], { name: "gated" }),
      makeNode("MatMul", ["h", "w3"], ["y"], { name: "w3" }),
    ],
    constants: {
      gain,
      shift: noise([WIDTH], 2),
      w1: reading(3, gains),
      w2: reading(4, gains),
      w3: noise([HIDDEN, 8], 5),
    },
  });
}

function reading(seed: number, gains: (channel: number) => number): Tensor {
  const weight = noise([WIDTH, HIDDEN], seed);
  const data = (weight.data as Float32Array).map((value, at) => value / gains(Math.floor(at / HIDDEN)));
  return { ...weight, data };
}

const sampleOf = (seed: number): TensorMap => new Map([["x", noise([ROWS, WIDTH], seed)]]);
let model: OpenModel;
let data: OpenDataset;

beforeAll(async () => {
  model = await open(network((c) => (c % 11 === 5 ? 100 : 1)));
  data = datasetOf(
    model,
    Array.from({ length: SAMPLES }, (_, i) => sampleOf(10 + i)),
  );
});

const recipeOf = (of: OpenModel, format: Recipe["format"]): Recipe =>
  withFormat(
    { ...defaultRecipe(of), corrections: { equalization: false, bias: "none" }, elementwise: "float" },
    format,
  );

const settled = (of: OpenModel, recipe: Recipe): Promise<Settled> =>
  settle(of, recipe, data, { samples: SAMPLES, calibration: null }, { main: runtime, accelerator: null }, context);

async function sqnrOf(quantized: ModelProto): Promise<number> {
  const compared = new Comparator();
  for (let seed = 500; seed < 510; seed++) {
    const [float, other] = [await run(model.original, sampleOf(seed)), await run(quantized, sampleOf(seed))];
    compared.add(float.get("y")!.data as Float32Array, other.get("y")!.data as Float32Array);
  }
  return compared.result().sqnr;
}

test.each(["qoperator", "dynamic"] as const)(
  "%s: outlier channels before a MatMul gain many dB, and the float model stays",
  async (format) => {
    const recipe = recipeOf(model, format);
    const { recipe: plain } = await settled(model, recipe);
    const { recipe: smooth, smoothing, calibration } = await settled(model, withSmoothing(recipe, true));
    const [without, with_] = [quantizeModel(model, plain).model, quantizeModel(model, smooth).model];
    expect((await sqnrOf(with_)) - (await sqnrOf(without))).toBeGreaterThan(6);
    expect(await sqnrOf(equalizedModel(model, smooth).folded)).toBeGreaterThan(100);
    expect(smoothing!.outputs!.after).toBeGreaterThan(smoothing!.outputs!.before + 6);
    const normed = smoothing!.inputs.find(({ tensor }) => tensor === "n")!;
    expect(normed.layers).toEqual(["w1", "w2"]);
    expect(normed.sqnr.after).toBeGreaterThan(normed.sqnr.before + 6);
    expect(smooth.smoothed!.n).toMatchObject({ alpha: normed.alpha, sqnr: normed.sqnr });
    expect(smooth.smoothed!.n!.divide).toHaveLength(WIDTH);

    const read = readRecipe(writeRecipe(smooth), "smooth.recipe.json");
    expect(read).toEqual(smooth);
    expect(quantizeModel(model, read).model).toEqual(with_);
    const { files } = exportValid(model, {
      recipe: smooth,
      calibration,
      evaluation: null,
      date: "2026-01-01T00:00:00Z",
    });
    expect(files.some(({ name }) => name === "made.smoothed.onnx")).toBe(format !== "dynamic");

    const cached = readCalibration(writeCalibration(calibration, "octet"), "cache.json");
    expect(cached.smoothed).toBe(true);
    expect(() => assertCalibratedFor(model, recipe, cached)).toThrow(/with smoothing and the recipe is without it/);
    const other = { ...smooth, smoothed: { x: smooth.smoothed!.n! } };
    expect(() => quantizeModel(model, other)).toThrow(/smoothing of the input x do not fit .* set "smoothed" to null/);
  },
);

test("where nothing gains nothing is smoothed, and statistics of the model as it came fit", async () => {
  const even = await open(network(() => 1));
  const recipe = withSmoothing({ ...recipeOf(even, "qdq"), activations: { type: "int16", symmetric: true } }, true);
  const { recipe: found, smoothing, calibration } = await settled(even, recipe);
  const gains = smoothing!.inputs.filter(({ alpha }) => alpha !== null);
  for (const { sqnr } of gains) expect(sqnr.after).toBeGreaterThan(sqnr.before);
  for (const { alpha, sqnr } of smoothing!.inputs) if (alpha === null) expect(sqnr.after).toBe(sqnr.before);
  expect(Object.keys(found.smoothed!)).toEqual(
    smoothing!.outputs && smoothing!.outputs.after < smoothing!.outputs.before ? [] : gains.map(({ tensor }) => tensor),
  );
  const left = { ...found, smoothed: {} };
  expect(equalizedModel(even, left)).toBe(even);
  const { smoothed: _, ...plain } = calibration;
  expect(() => assertCalibratedFor(even, left, plain)).not.toThrow();
});

test("refused in one sentence: formats without integer activations, and models with nothing to smooth", async () => {
  for (const format of ["weights", "float16", "float8"] as const) {
    const recipe = {
      ...recipeOf(model, format),
      corrections: { equalization: false, smoothing: true, bias: "none" },
    } as const;
    await expect(settled(model, recipe)).rejects.toThrow(
      `which the format ${format} does not have; leave smoothing out`,
    );
  }
  expect(withFormat(withSmoothing(recipeOf(model, "qdq"), true), "weights").corrections).toEqual(
    recipeOf(model, "qdq").corrections,
  );
  const lone = await open(
    buildModel({
      opset: 17,
      inputs: [floatInput("x", [ROWS, WIDTH])],
      outputs: ["y"],
      nodes: [makeNode("MatMul", ["x", "w"], ["y"], { name: "w" })],
      constants: { w: noise([WIDTH, 8], 5) },
    }),
  );
  const recipe = withSmoothing(recipeOf(lone, "qdq"), true);
  await expect(settled(lone, recipe)).rejects.toThrow(InputError);
  await expect(settled(lone, recipe)).rejects.toThrow(/No MatMul or Gemm of made reads channels/);
});
