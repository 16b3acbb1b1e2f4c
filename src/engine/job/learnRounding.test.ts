import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { beforeAll, expect, test } from "vitest";
import { nodeDecoders } from "../../../cli/decoders.ts";
import { diskFile } from "../data/testing/files.ts";
import { learners } from "../learning/testing/problems.ts";
import type { BlockLearner } from "../model/finetuning.ts";
import type { JobContext } from "../model/job.ts";
import type { Recipe } from "../model/recipe.ts";
import type { Learner, Rounding, RoundingRequest } from "../model/rounding.ts";
import { withFloat, withLearnedRounding } from "../recipe/edits.ts";
import { printsIn } from "../recipe/prints.ts";
import { nodeRuntime } from "../runtime/node.ts";
import { type OpenDataset, openData } from "./data.ts";
import { evaluateModels } from "./evaluate.ts";
import { learnRounding } from "./learnRounding.ts";
import { defaultRecipe, type OpenModel, openModel, runnable } from "./open.ts";
import { unseenNotices } from "./overlap.ts";
import { quantizeModel } from "./quantize.ts";
import { settle } from "./settle.ts";

const sample = (name: string) => fileURLToPath(new URL(`../../../public/sample/${name}`, import.meta.url));
const { preprocess } = JSON.parse(readFileSync(sample("project.json"), "utf8"));
const runtime = nodeRuntime();
const idle: JobContext = { signal: new AbortController().signal, report: () => undefined };
const REQUEST: RoundingRequest = { samples: 40, iterations: 40, resume: null };

let model: OpenModel;
let data: OpenDataset;
let learner: BlockLearner;
let recipe: Recipe;
let whole: Rounding;

function learn(request: RoundingRequest, context = idle, onLayer: (partial: Rounding) => void = () => undefined) {
  return learnRounding(
    model,
    recipe,
    data,
    request,
    { runtime, learner },
    { context, onLayer, onPoint: () => undefined },
  );
}

beforeAll(async () => {
  const fileName = "fashion-mnist-dw.onnx";
  const source = { bytes: new Uint8Array(readFileSync(sample(fileName))), fileName, readBeside: async () => null };
  model = await openModel(source, { shapes: {}, values: {} }, runtime, idle);
  const name = "calibration-images-idx3-ubyte.gz";
  data = await openData(model, [diskFile(sample(name), name)], preprocess, nodeDecoders);
  learner = await learners.wasm();
  const plain = defaultRecipe(model);
  recipe = {
    ...plain,
    weights: { type: "int4", granularity: "channel", rounding: "learned" },
    corrections: { equalization: false, bias: "none" },
    format: "weights",
    preprocess,
    resolved: {},
  };
  whole = await learn(REQUEST);
}, 120_000);

function firstOf(rounding: Rounding["rounding"], count: number): Rounding["rounding"] {
  return Object.fromEntries(Object.entries(rounding).slice(0, count));
}

async function sqnrOf(of: Recipe): Promise<number> {
  const quantized = quantizeModel(model, of);
  const request = {
    float: { file: runnable(model.original), bytes: model.bytes },
    quantized: { file: runnable(quantized.model), bytes: quantized.bytes },
    skip: REQUEST.samples,
    samples: 60,
    limit: 1,
    machine: "test",
  };
  return (await evaluateModels(request, data, runtime, idle)).outputs[0]!.sqnr as number;
}

test("outputs on samples that were not learned from are clearly nearer to the float model's", async () => {
  const learned = await sqnrOf({ ...recipe, rounding: whole.rounding });
  expect(learned).toBeGreaterThan((await sqnrOf({ ...recipe, rounding: null })) + 3);
});

test("every layer is learned, in graph order, and none is worse than rounded to nearest", () => {
  expect(whole.wanted).toBe(12);
  expect(whole.layers).toHaveLength(whole.wanted);
  expect(whole.layers.map(({ layer }) => layer)).toEqual(Object.keys(whole.rounding));
  for (const { nearest, learned, changed, weights, curve } of whole.layers) {
    expect(learned).toBeLessThanOrEqual(nearest);
    expect(changed).toBeLessThan(weights);
    expect(curve.at(-1)!.iteration).toBe(REQUEST.iterations);
  }
});

test("a run that is cancelled keeps its layers, and goes on to what it would have come to", async () => {
  const controller = new AbortController();
  let partial: Rounding | null = null;
  const cancelled = learn(REQUEST, { ...idle, signal: controller.signal }, (state) => {
    partial = state;
    if (state.layers.length === 2) controller.abort();
  });
  await expect(cancelled).rejects.toMatchObject({ name: "AbortError" });
  expect(partial!.layers).toHaveLength(2);
  const begun: string[] = [];
  const counting: Learner = {
    ...learner,
    begin: (problem) => {
      begun.push(`${problem.channels} x ${problem.inputs}`);
      return learner.begin(problem);
    },
  };
  const resumed = await learnRounding(
    model,
    recipe,
    data,
    { ...REQUEST, resume: partial },
    { runtime, learner: counting },
    { context: idle, onLayer: () => undefined, onPoint: () => undefined },
  );
  expect(begun).toHaveLength(whole.wanted - 2);
  expect(resumed.rounding).toEqual(whole.rounding);
});

test("a run that goes on and is cancelled before it learns tells of nothing less than it began with", async () => {
  const controller = new AbortController();
  const told: number[] = [];
  const report = ({ task }: { readonly task: string }) => {
    if (/layer 3 of/.test(task)) controller.abort();
  };
  const { rounding, layers } = whole;
  const partial = { ...whole, layers: layers.slice(0, 3), rounding: firstOf(rounding, 3) };
  const cancelled = learn({ ...REQUEST, resume: partial }, { signal: controller.signal, report }, (state) =>
    told.push(state.layers.length),
  );
  await expect(cancelled).rejects.toMatchObject({ name: "AbortError" });
  expect(told).toEqual([]);
});

test("where the learner is lost midway, another goes on from the layers done, and both are named", async () => {
  let partial: Rounding | null = null;
  let begun = 0;
  const lost: Learner = {
    label: "a GPU",
    async begin(problem) {
      const task = await learner.begin(problem);
      const isLost = ++begun > 2;
      return { ...task, learn: isLost ? () => Promise.reject(new Error("The device was lost.")) : task.learn };
    },
  };
  const listener = {
    context: idle,
    onPoint: () => undefined,
    onLayer: (state: Rounding) => {
      partial = state;
    },
  };
  const first = learnRounding(model, recipe, data, REQUEST, { runtime, learner: lost }, listener);
  await expect(first).rejects.toThrow("The device was lost.");
  expect(partial!.layers).toEqual([expect.anything(), expect.anything()]);
  const done = partial!.layers;
  const request = { ...REQUEST, resume: partial };
  const resumed = await learnRounding(model, recipe, data, request, { runtime, learner }, listener);
  expect(resumed.layers.slice(0, 2)).toEqual(done);
  expect(resumed.rounding).toEqual(whole.rounding);
  expect(resumed.learner).toBe(`a GPU, then ${learner.label}`);
});

test("settling learns where the recipe asks for it and holds nothing yet", async () => {
  const runtimes = { main: runtime, accelerator: null, learner: async () => learner };
  const request = { samples: REQUEST.samples, calibration: null, iterations: REQUEST.iterations };
  const settled = await settle(model, { ...recipe, resolved: null }, data, request, runtimes, idle);
  expect(settled.recipe.rounding).toEqual(whole.rounding);
  const again = await settle(model, settled.recipe, data, request, runtimes, idle);
  expect(again.rounding).toBeNull();
  expect(again.recipe.rounding).toEqual(whole.rounding);
});

test("where biases are corrected they take up mean errors, are settled with the rounding, and bring outputs nearer", async () => {
  const runtimes = { main: runtime, accelerator: null, learner: async () => learner };
  const request = { samples: REQUEST.samples, calibration: null, iterations: REQUEST.iterations };
  const wanted = { ...recipe, resolved: null, corrections: { equalization: false, bias: "empirical" } } as const;
  const { recipe: settled, rounding } = await settle(model, wanted, data, request, runtimes, idle);
  expect(Object.keys(settled.biases!)).toEqual(Object.keys(whole.rounding));
  expect(settled.biases).toEqual(rounding!.biases);
  expect(await sqnrOf(settled)).toBeGreaterThan(await sqnrOf({ ...recipe, rounding: whole.rounding }));
  expect(await sqnrOf({ ...settled, biases: {} })).toBeLessThan((await sqnrOf(settled)) - 1);
  const first = Object.keys(whole.rounding).slice(0, -1);
  const partly: Recipe = { ...withFloat(settled, "layers", first, true), resolved: {} };
  expect(partly.biases).toEqual(settled.biases);
  const kept = await sqnrOf(partly);
  expect(kept).toBeGreaterThan((await sqnrOf({ ...partly, biases: {} })) + 1);
  expect(kept).toBeGreaterThan(await sqnrOf(settled));
  const again = await settle(model, settled, data, request, runtimes, idle);
  expect(again.rounding).toBeNull();
  expect(again.recipe.biases).toEqual(settled.biases);
  const without = { ...settled, biases: null };
  expect((await settle(model, without, data, request, runtimes, idle)).recipe).toMatchObject({
    rounding: settled.rounding,
    biases: settled.biases,
  });
});

test("with activations in 8 bits, layers learn on what the quantized model feeds them", async () => {
  const runtimes = { main: runtime, accelerator: null, learner: async () => learner };
  const request = { samples: 20, calibration: null, iterations: 20 };
  const wanted = { ...recipe, format: "qdq" as const, resolved: null };
  const { rounding, recipe: settled } = await settle(model, wanted, data, request, runtimes, idle);
  expect(rounding!.layers).toHaveLength(whole.wanted);
  const [first] = rounding!.layers;
  expect(first!.learned).toBeLessThan(first!.nearest);
  expect(Object.keys(settled.resolved!).length).toBeGreaterThan(0);
  expect(settled.rounding).not.toEqual(whole.rounding);
});

test("a recipe of weights alone that is rounded so refuses to be judged on the samples that taught it", async () => {
  const taught = withLearnedRounding({ ...recipe, seed: null, prints: null }, whole);
  expect(printsIn(taught.prints)).toHaveLength(REQUEST.samples);
  const judging = (skip: number) => unseenNotices(taught, data, { skip, samples: 60 }, idle);
  await expect(judging(0)).rejects.toThrow(/^40 of the 60 samples to judge calibrated the model.*\(--skip 40\)/);
  expect(await judging(40)).toEqual([]);
  const partial = await new Promise<Rounding>((resolve) => {
    const controller = new AbortController();
    const ended = (layer: Rounding) => {
      controller.abort();
      resolve(layer);
    };
    learn(REQUEST, { ...idle, signal: controller.signal }, ended).catch(() => undefined);
  });
  expect(partial.layers.length).toBeLessThan(partial.wanted);
  expect(partial.prints).toBe(whole.prints);
  expect((await learn({ ...REQUEST, resume: partial })).prints).toBe(whole.prints);
});
