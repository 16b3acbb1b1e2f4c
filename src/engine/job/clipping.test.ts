import { expect, test } from "vitest";
import { ClipCounts } from "../evaluation/clipCounts.ts";
import { InputError } from "../model/job.ts";
import type { Recipe } from "../model/recipe.ts";
import type { TensorMap } from "../model/tensor.ts";
import { makeNode } from "../onnx/attributes.ts";
import { buildModel, floatInput } from "../onnx/testing/build.ts";
import { type Clipping, clippingOf } from "./clipping.ts";
import { evaluateModels } from "./evaluate.ts";
import { defaultRecipe, type OpenModel, runnable } from "./open.ts";
import { quantizeModel } from "./quantize.ts";
import { settle } from "./settle.ts";
import { context, datasetOf, open, runtime } from "./testing/quantized.ts";

const SIZE = 8;
const identity = Float32Array.from({ length: SIZE * SIZE }, (_, i) => (i % (SIZE + 1) === 0 ? 1 : 0));
const sample = (...values: number[]): TensorMap =>
  new Map([
    ["x", { type: "float32", dims: [1, SIZE], data: Float32Array.from({ length: SIZE }, (_, i) => values[i] ?? 0) }],
  ]);

/** y is x, r what of it is positive, and z twice that. */
const model = await open(
  buildModel({
    opset: 13,
    inputs: [floatInput("x", [1, SIZE])],
    outputs: ["z"],
    nodes: [
      makeNode("MatMul", ["x", "same"], ["y"], { name: "first" }),
      makeNode("Relu", ["y"], ["r"], { name: "relu" }),
      makeNode("MatMul", ["r", "twice"], ["z"], { name: "last" }),
    ],
    constants: {
      same: { type: "float32", dims: [SIZE, SIZE], data: identity },
      twice: { type: "float32", dims: [SIZE, SIZE], data: identity.map((value) => 2 * value) },
    },
  }),
);
const CALIBRATE = [sample(1, -1, 0.5), sample(-0.5, 0.25, 1)];
const JUDGE = [sample(2, -3, 1, -1, 0.5), sample(1.5, 0, 0, 0, 0, 0, 0, -8), sample(4)];

async function settled(changes: Partial<Recipe>, of: OpenModel = model): Promise<Recipe> {
  const recipe = { ...defaultRecipe(of), method: "minmax" as const, elementwise: "join" as const, ...changes };
  const request = { samples: CALIBRATE.length, calibration: null };
  const runtimes = { main: runtime, accelerator: null };
  return (await settle(of, recipe, datasetOf(of, CALIBRATE), request, runtimes, context)).recipe;
}

function evaluated(recipe: Recipe, clipping: Clipping | null) {
  const quantized = quantizeModel(model, recipe);
  const all = datasetOf(model, JUDGE);
  const data: typeof all = {
    ...all,
    get: (i) => (i === 2 ? Promise.reject(new InputError("sample 2 is corrupt.")) : all.get(i)),
  };
  const job = {
    float: { file: runnable(model.reference), bytes: model.bytes },
    quantized: { file: runnable(quantized.model), bytes: quantized.bytes },
    ...{ skip: 0, samples: JUDGE.length, limit: 0.01, machine: "test", clipping },
  };
  return evaluateModels(job, data, runtime, context);
}

const shares = (clipped: Awaited<ReturnType<typeof evaluated>>["clipped"]) =>
  Object.fromEntries((clipped ?? []).map(({ tensor, share, values }) => [tensor, [share * values, values]]));

test("the shares of an evaluation are those counted by hand, of samples that could be read", async () => {
  const recipe = await settled({ ranges: { r: { low: 0, high: 1.5 } } });
  const { clipped, samples } = await evaluated(recipe, clippingOf(model, recipe));
  expect(samples).toBe(2);
  expect(clipped?.map(({ tensor, producer, range }) => [tensor, producer, range])).toEqual([
    ["x", null, { low: -1, high: 1 }],
    ["r", "relu", { low: 0, high: 1.5 }],
  ]);
  // x: 2, -3, 1.5 and -8; r: 2.
  expect(shares(clipped)).toEqual({ x: [4, 16], r: [1, 16] });
});

test("what lies outside a range by less than half a step rounds to the last code, and is not cut off", async () => {
  const near = [1.5 + 0.49 * (1.5 / 255), 1.5 + 0.51 * (1.5 / 255)];
  const recipe = await settled({ ranges: { r: { low: 0, high: 1.5 } } });
  const { file, tensors } = clippingOf(model, recipe)!;
  const session = await runtime.createSession(file, { threads: 1 });
  const counts = new ClipCounts(session, tensors);
  await counts.add(sample(...near, 0, -1));
  await session.dispose();
  expect(counts.result().find(({ tensor }) => tensor === "r")).toMatchObject({ values: SIZE, share: 1 / SIZE });
});

test("ranges are mirrored where codes are symmetric", async () => {
  const recipe = await settled({
    activations: { type: "int8", symmetric: true },
    ranges: { x: { low: -0.5, high: 2 } },
  });
  const { clipped } = await evaluated(recipe, clippingOf(model, recipe));
  expect(clipped?.[0]).toMatchObject({ tensor: "x", range: { low: -2, high: 2 }, share: 2 / 16 });
});

test("a model too large for a second float session is counted after the evaluation, to the same shares", async () => {
  const recipe = await settled({});
  const clipping = clippingOf(model, recipe)!;
  const unread = { path: "unread", data: new Uint8Array(2 ** 27 + 1) };
  const large = { ...clipping, file: { ...clipping.file, external: [...clipping.file.external, unread] } };
  const [beside, after] = [await evaluated(recipe, clipping), await evaluated(recipe, large)];
  expect(shares(beside.clipped)).toEqual({ x: [4, 16], r: [2, 16] });
  expect(after.clipped).toEqual(beside.clipped);
});

test("what cannot be counted is told, and the evaluation stays", async () => {
  const recipe = await settled({});
  const broken = { ...clippingOf(model, recipe)!, file: { graph: Uint8Array.of(1, 2, 3), external: [] } };
  const { clipped, notices, outputs } = await evaluated(recipe, broken);
  expect(clipped).toBeUndefined();
  expect(outputs).toHaveLength(1);
  expect(notices).toContainEqual(
    expect.objectContaining({
      subject: "clip ranges",
      message: expect.stringMatching(/^What the clip ranges cut off .* was not counted/),
    }),
  );
});

test.each(["dynamic", "weights", "float16"] as const)("the format %s has no clip range", async (format) => {
  const recipe = { ...defaultRecipe(model), format, resolved: {} };
  expect(clippingOf(model, recipe)).toBeNull();
});
