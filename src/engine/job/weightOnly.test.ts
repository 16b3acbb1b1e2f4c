import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { beforeAll, describe, expect, test } from "vitest";
import { nodeDecoders } from "../../../cli/decoders.ts";
import { readReport } from "../artifacts/report.ts";
import { diskFile } from "../data/testing/files.ts";
import { InputError, type JobContext } from "../model/job.ts";
import type { Recipe } from "../model/recipe.ts";
import { packBits } from "../numerics/bits.ts";
import { nodeRuntime } from "../runtime/node.ts";
import { type OpenDataset, openData } from "./data.ts";
import { Diagnostician } from "./diagnose.ts";
import { evaluateModels } from "./evaluate.ts";
import { quantizedName } from "./fileNames.ts";
import { defaultRecipe, type OpenModel, openModel, runnable, summarizeModel } from "./open.ts";
import { Prober } from "./probe.ts";
import { quantizeModel } from "./quantize.ts";
import { sensitivity } from "./sensitivity.ts";
import { settle, settleAlone, wantsOfSamples } from "./settle.ts";
import { exportValid } from "./testing/exported.ts";
import { tune } from "./tune.ts";
import { walk } from "./walk.ts";

const sample = (name: string) => fileURLToPath(new URL(`../../../public/sample/${name}`, import.meta.url));
const runtime = nodeRuntime();
const runtimes = { main: runtime, accelerator: null };
const context: JobContext = { signal: new AbortController().signal, report: () => undefined };
const { preprocess } = JSON.parse(readFileSync(sample("project.json"), "utf8"));
const SAMPLES = 60;
const DATE = "2026-11-21T00:00:00.000Z";

let model: OpenModel;
let data: OpenDataset;

beforeAll(async () => {
  const fileName = "fashion-mnist-dw.onnx";
  const source = { bytes: new Uint8Array(readFileSync(sample(fileName))), fileName, readBeside: async () => null };
  model = await openModel(source, { shapes: {}, values: {} }, runtime, context);
  const names = ["calibration-images-idx3-ubyte.gz", "calibration-labels-idx1-ubyte.gz"];
  const files = names.map((name) => diskFile(sample(name), name));
  data = await openData(model, files, preprocess, nodeDecoders);
});

function wish(weights: Partial<Recipe["weights"]>, bias: Recipe["corrections"]["bias"], activations = true): Recipe {
  const base = defaultRecipe(model);
  return {
    ...base,
    weights: { ...base.weights, ...weights },
    corrections: { equalization: false, bias },
    format: activations ? "weights" : "qdq",
  };
}

const settled = (recipe: Recipe) =>
  settle(model, recipe, data, { samples: SAMPLES, calibration: null }, runtimes, context);

async function sqnrOf(recipe: Recipe): Promise<number> {
  const probe = await new Prober(model, runtime).probe(recipe, data, { skip: SAMPLES, samples: 60 }, context);
  return probe.sqnr!;
}

describe("weights alone", () => {
  test("want nothing of samples where nothing is learned, and give no files of ranges", () => {
    const recipe = wish({ type: "int4" }, "none");
    expect(wantsOfSamples(model, recipe)).toEqual([]);
    expect(wantsOfSamples(model, wish({ rounding: "learned" }, "empirical"))).toEqual([
      "learned rounding",
      "bias correction",
    ]);
    expect(wantsOfSamples(model, wish({}, "none", false))).toEqual(["deciding elementwise operators", "calibration"]);
    const made = settleAlone(model, recipe);
    expect(made.recipe.resolved).toEqual({});
    const { files, quantized } = exportValid(model, { ...made, evaluation: null, date: DATE });
    expect(files.map(({ name }) => name.replace("fashion-mnist-dw.", ""))).toEqual([
      "int4.onnx",
      "recipe.json",
      "report.json",
      "report.html",
    ]);
    expect(quantized.bytes).toBeLessThan(0.4 * model.bytes);
    const text = (at: number) => new TextDecoder().decode(files[at]?.chunks[0]);
    const report = readReport(text(2), "report.json");
    expect(report.weights.length).toBeGreaterThan(3);
    for (const { sqnr } of report.weights) expect(sqnr).toBeGreaterThan(14);
    expect(text(3)).toContain("Every activation stays in float.");
    expect(text(3)).toContain("Its weight is in int4");
  });

  test("come to the same bytes on samples, and biases corrected on them gain", async () => {
    const plain = await settled(wish({ type: "int4" }, "none"));
    expect(plain.calibration.observed).toEqual([]);
    const alone = settleAlone(model, wish({ type: "int4" }, "none"));
    expect(quantizeModel(model, plain.recipe).chunks).toEqual(quantizeModel(model, alone.recipe).chunks);
    const corrected = await settled(wish({ type: "int4" }, "empirical"));
    expect(Object.keys(corrected.recipe.biases ?? {}).length).toBeGreaterThan(3);
    expect(await sqnrOf(corrected.recipe)).toBeGreaterThan((await sqnrOf(plain.recipe)) + 1);
  });

  test("in int8 are finer than in int4", async () => {
    const [fine, coarse] = await Promise.all(
      (["int8", "int4"] as const).map(async (type) => sqnrOf((await settled(wish({ type }, "none"))).recipe)),
    );
    expect(fine).toBeGreaterThan((coarse ?? Infinity) + 12);
  });
});

test("weights of single layers in a type of their own are written so, run, and come between", async () => {
  const weighted = summarizeModel(model, wish({}, "none")).layers.filter(({ weight }) => weight !== null);
  const named = weighted.slice(0, 4).map(({ id }) => id);
  const mixed = wish({ type: "int4", layers: Object.fromEntries(named.map((id) => [id, "int8"])) }, "none");
  const { layers, notices } = summarizeModel(model, mixed);
  const types = layers.filter(({ weight }) => weight !== null).map(({ id, precision }) => [id, precision]);
  expect(types).toEqual(weighted.map(({ id }) => [id, named.includes(id) ? "int8" : "int4"]));
  expect(notices.map(({ subject }) => subject)).not.toContain(named[0]);
  const bytes = (["int4", "int8"] as const).map(
    (type) => quantizeModel(model, settleAlone(model, wish({ type }, "none")).recipe).bytes,
  );
  const written = quantizeModel(model, settleAlone(model, mixed).recipe);
  expect(written.bytes).toBeGreaterThan(bytes[0]!);
  expect(written.bytes).toBeLessThan(bytes[1]!);
  expect(quantizedName(model, mixed)).toBe("fashion-mnist-dw.mixed.onnx");
  expect(await sqnrOf((await settled(mixed)).recipe)).toBeGreaterThan(
    await sqnrOf((await settled(wish({ type: "int4" }, "none"))).recipe),
  );
  const unknown = summarizeModel(model, wish({ layers: { gone: "int4" } }, "none"));
  expect(unknown.notices).toContainEqual(expect.objectContaining({ kind: "warning", subject: "gone" }));
});

describe("learned rounding that has not been learned", () => {
  test("is asked for by the export and by what measures, and what does not fit a weight is refused", async () => {
    const { recipe, calibration } = settleAlone(model, wish({ type: "int4", rounding: "learned" }, "none"));
    const request = { recipe, calibration, evaluation: null, date: DATE };
    expect(() => exportValid(model, request)).toThrow(InputError);
    expect(() => exportValid(model, request)).toThrow(/learned rounding, which has not been learned yet/);
    await expect(sqnrOf(recipe)).rejects.toThrow(/learned rounding, which has not been learned yet/);
    const [layer] = summarizeModel(model, recipe).layers.filter(({ weight }) => weight !== null);
    const count = layer?.parameters ?? 0;
    const rounding = { [layer?.id ?? ""]: packBits(new Uint8Array(count)) };
    expect(() => quantizeModel(model, { ...recipe, rounding })).toThrow(/does not fit the weight/);
    expect(exportValid(model, { ...request, recipe: { ...recipe, rounding: {} } }).files[0]?.name).toMatch(
      /int4\.onnx$/,
    );
  });
});

describe.each([
  ["int4 weights alone", { type: "int4" }, true],
  ["int8 weights alone", { type: "int8" }, true],
  ["int4 weights with 8-bit activations", { type: "int4" }, false],
] as const)("%s", (_, weights, activations) => {
  let recipe: Recipe;
  let made: Awaited<ReturnType<typeof settled>>;
  beforeAll(async () => {
    made = await settled(wish(weights, "empirical", activations));
    recipe = made.recipe;
  });

  test("are measured layer by layer", async () => {
    const request = { samples: 6, untilSettled: false };
    const measured = await sensitivity(model, recipe, data, request, runtime, context, () => undefined);
    const weighted = measured.layers.filter((layer) => layer.weights && layer.activations);
    expect(weighted).toHaveLength(12);
    for (const { layer, alone, weights: rounded, activations: moved } of measured.layers) {
      expect(alone.sqnr, layer).toBeGreaterThan(3);
      if (activations && moved) expect(moved.sqnr, layer).toBeGreaterThan(100);
      if (activations && rounded) expect(Math.abs(rounded.sqnr - alone.sqnr), layer).toBeLessThan(3);
    }
    expect(Math.abs(measured.all.sqnr - (await sqnrOf(recipe)))).toBeLessThan(6);
  });

  test("are walked through, diagnosed and evaluated", async () => {
    const errors = await walk(model, recipe, data, { samples: 4 }, runtime, context);
    expect(errors.steps.length).toBeGreaterThan(3);
    for (const { sqnr } of errors.steps) expect(sqnr).toBeGreaterThan(3);
    const findings = (await new Diagnostician(model).diagnose(recipe, made.calibration))?.findings;
    if (activations) expect(findings?.map(({ cause }) => cause)).toEqual([]);
    const quantized = quantizeModel(model, recipe);
    const evaluation = await evaluateModels(
      {
        float: { file: runnable(model.original), bytes: model.bytes },
        quantized: { file: runnable(quantized.model), bytes: quantized.bytes },
        skip: SAMPLES,
        samples: 60,
        limit: 0.5,
        machine: "test",
      },
      data,
      runtime,
      context,
    );
    expect(evaluation.verdict?.passed).toBe(true);
  });

  test("are searched: layers are left in float until the limit is kept", async () => {
    const limit = { kind: "sqnr", decibels: 25 } as const;
    const request = { limit, goal: "size", samples: 12, budget: null } as const;
    const { tuning } = await tune(
      model,
      { ...recipe, resolved: null },
      data,
      request,
      runtime,
      context,
      () => undefined,
    );
    expect(tuning.points[tuning.best]).toMatchObject({ passed: true });
    const { files } = exportValid(model, {
      recipe: tuning.points[tuning.best]!.recipe,
      calibration: made.calibration,
      evaluation: null,
      date: DATE,
      tuning,
    });
    expect(files.length).toBeGreaterThan(3);
  });
});
