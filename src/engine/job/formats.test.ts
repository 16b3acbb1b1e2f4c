import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { beforeAll, describe, expect, test } from "vitest";
import { nodeDecoders } from "../../../cli/decoders.ts";
import { diskFile } from "../data/testing/files.ts";
import { learners } from "../learning/testing/problems.ts";
import type { RecipeFormat } from "../model/format.ts";
import { InputError, type JobContext } from "../model/job.ts";
import type { Recipe } from "../model/recipe.ts";
import { nodeRuntime } from "../runtime/node.ts";
import { type OpenDataset, openData } from "./data.ts";
import { learnRounding } from "./learnRounding.ts";
import { defaultRecipe, type OpenModel, openModel, summarizeModel } from "./open.ts";
import { Prober } from "./probe.ts";
import { quantizeModel } from "./quantize.ts";
import { sensitivity } from "./sensitivity.ts";
import { type Settled, settle, settleAlone, wantsOfSamples } from "./settle.ts";
import { exportValid } from "./testing/exported.ts";
import { tune } from "./tune.ts";
import { walk } from "./walk.ts";

const sample = (name: string) => fileURLToPath(new URL(`../../../public/sample/${name}`, import.meta.url));
const runtime = nodeRuntime();
const runtimes = { main: runtime, accelerator: null };
const context: JobContext = { signal: new AbortController().signal, report: () => undefined };
const { preprocess } = JSON.parse(readFileSync(sample("project.json"), "utf8"));
const SAMPLES = 40;

let model: OpenModel;
let data: OpenDataset;

beforeAll(async () => {
  const fileName = "fashion-mnist-dw.onnx";
  const source = { bytes: new Uint8Array(readFileSync(sample(fileName))), fileName, readBeside: async () => null };
  model = await openModel(source, { shapes: {}, values: {} }, runtime, context);
  const names = ["calibration-images-idx3-ubyte.gz", "calibration-labels-idx1-ubyte.gz"];
  data = await openData(
    model,
    names.map((name) => diskFile(sample(name), name)),
    preprocess,
    nodeDecoders,
  );
});

const under = (format: RecipeFormat): Recipe => ({ ...defaultRecipe(model), format });
const settled = (recipe: Recipe) =>
  settle(model, recipe, data, { samples: SAMPLES, calibration: null }, runtimes, context);
const sqnrOf = async (recipe: Recipe) =>
  (await new Prober(model, runtime).probe(recipe, data, { skip: SAMPLES, samples: 40 }, context)).sqnr!;

describe.each<[RecipeFormat, number]>([
  ["qoperator", 30],
  ["dynamic", 35],
])("the format %s", (format, least) => {
  let made: Settled;
  beforeAll(async () => {
    made = await settled(under(format));
  });

  test("is written under its name, and near the float model", async () => {
    const { files, quantized } = exportValid(model, { ...made, evaluation: null, date: "2026-11-28T00:00:00.000Z" });
    expect(files[0]?.name).toBe(`fashion-mnist-dw.${format}.onnx`);
    expect(quantized.bytes).toBeLessThan(0.5 * model.bytes);
    expect(await sqnrOf(made.recipe)).toBeGreaterThan(least);
    expect(Object.keys(made.recipe.biases ?? {}).length).toBeGreaterThan(3);
  });

  test("is measured layer by layer, and walked through", async () => {
    const request = { samples: 4, untilSettled: false };
    const measured = await sensitivity(model, made.recipe, data, request, runtime, context, () => undefined);
    expect(measured.layers.length).toBeGreaterThan(8);
    const { floatKernels } = summarizeModel(model, made.recipe);
    for (const { layer, weights, activations } of measured.layers) {
      if (!weights) continue;
      const isStored = format === "dynamic" && floatKernels.includes(layer);
      expect(activations.sqnr > 100, layer).toBe(isStored);
    }
    expect(Math.abs(measured.all.sqnr - (await sqnrOf(made.recipe)))).toBeLessThan(6);
    const errors = await walk(model, made.recipe, data, { samples: 4 }, runtime, context);
    expect(errors.steps.length).toBeGreaterThan(3);
    for (const { sqnr } of errors.steps) expect(sqnr).toBeGreaterThan(15);
  });

  test("learns rounding", async () => {
    const recipe: Recipe = { ...made.recipe, weights: { ...made.recipe.weights, rounding: "learned" } };
    const by = { runtime, learner: await learners.wasm() };
    const listener = { context, onPoint: () => undefined, onLayer: () => undefined };
    const request = { samples: 8, iterations: 20, resume: null };
    const { rounding } = await learnRounding(model, recipe, data, request, by, listener);
    expect(Object.keys(rounding).length).toBeGreaterThan(8);
    expect(await sqnrOf({ ...recipe, rounding, biases: {} })).toBeGreaterThan(least - 8);
  });

  test("is searched: layers are left in float until the limit is kept", async () => {
    const limit = { kind: "sqnr", decibels: least + 4 } as const;
    const request = { limit, goal: "size", samples: 40, budget: null } as const;
    const { tuning } = await tune(model, under(format), data, request, runtime, context, () => undefined);
    expect(tuning.points[tuning.best]).toMatchObject({ passed: true });
    expect(tuning.points[tuning.best]!.recipe.format).toBe(format);
  });

  test("takes no weights that are dequantized", async () => {
    const recipe = under(format);
    const int4: Recipe = { ...recipe, weights: { ...recipe.weights, type: "int4" } };
    await expect(settled(int4)).rejects.toThrow(InputError);
    expect(() => quantizeModel(model, { ...int4, resolved: {} })).toThrow(
      `The format ${format} holds weights that ONNX Runtime multiplies in integers; choose int8 in the place of int4, or another format.`,
    );
  });
});

test("operators on codes have the biases that pairs of Q and DQ are given, and their values", async () => {
  const pairs = await settled(under("qdq"));
  const codes = await settled(under("qoperator"));
  expect({ ...codes.recipe, format: "qdq" }).toEqual(pairs.recipe);
  expect(Math.abs((await sqnrOf(codes.recipe)) - (await sqnrOf(pairs.recipe)))).toBeLessThan(1);
  expect(quantizeModel(model, codes.recipe).bytes).toBeLessThan(quantizeModel(model, pairs.recipe).bytes);
});

test("scales found at run time want nothing of samples, but for what is learned on them", async () => {
  const recipe = under("dynamic");
  expect(wantsOfSamples(model, recipe)).toEqual(["bias correction"]);
  const { corrections } = recipe;
  const { recipe: alone, calibration } = settleAlone(model, {
    ...recipe,
    corrections: { ...corrections, bias: "none" },
  });
  const { files, notices } = exportValid(model, {
    recipe: alone,
    calibration,
    evaluation: null,
    date: "2026-11-28T00:00:00.000Z",
  });
  expect(files.map(({ name }) => name.replace("fashion-mnist-dw.", ""))).toEqual([
    "dynamic.onnx",
    "recipe.json",
    "report.json",
    "report.html",
  ]);
  const text = new TextDecoder().decode(files[3]?.chunks[0]);
  expect(text).toContain("scales of activations are found as the model runs");
  expect(text).not.toContain("weights only");
  expect(notices).toContainEqual(expect.objectContaining({ subject: "computed in float" }));
  expect(await sqnrOf(alone)).toBeGreaterThan(35);
});
