import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { unzipSync } from "fflate";
import * as web from "onnxruntime-web/wasm";
import { beforeAll, describe, expect, it } from "vitest";
import { nodeDecoders } from "../../../cli/decoders.ts";
import { writeCalibration } from "../artifacts/cache.ts";
import { readReport } from "../artifacts/report.ts";
import { diskFile } from "../data/testing/files.ts";
import type { Calibration } from "../model/calibration.ts";
import type { JobContext } from "../model/job.ts";
import { InputError } from "../model/job.ts";
import type { Preprocess } from "../model/preprocess.ts";
import type { Recipe } from "../model/recipe.ts";
import type { Runtime } from "../model/runtime.ts";
import { concat } from "../onnx/encode.ts";
import { nodeRuntime } from "../runtime/node.ts";
import { ortRuntime } from "../runtime/onnxruntime.ts";
import { zipArtifacts } from "./archive.ts";
import type { Artifact } from "./artifact.ts";
import { calibrate } from "./calibrate.ts";
import { type OpenDataset, openData, summarizeData } from "./data.ts";
import { readCalibration, readRecipe } from "./documents.ts";
import { evaluateModels } from "./evaluate.ts";
import { defaultRecipe, type OpenModel, openModel, runnable } from "./open.ts";
import { quantizeModel, resolveRecipe } from "./quantize.ts";
import { exportValid } from "./testing/exported.ts";

const sample = (name: string) => fileURLToPath(new URL(`../../../public/sample/${name}`, import.meta.url));
const project: { readonly preprocess: Preprocess } = JSON.parse(readFileSync(sample("project.json"), "utf8"));
web.env.wasm.numThreads = 1;
const wasmRuntime = ortRuntime(web, { label: "wasm", maxThreads: 1, provider: "wasm" });
const context: JobContext = { signal: new AbortController().signal, report: () => undefined };
const DATE = "2026-11-21T00:00:00.000Z";

function open(runtime: Runtime): Promise<OpenModel> {
  const source = {
    bytes: new Uint8Array(readFileSync(sample("fashion-mnist-dw.onnx"))),
    fileName: "fashion-mnist-dw.onnx",
    readBeside: async () => null,
  };
  return openModel(source, { shapes: {}, values: {} }, runtime, context);
}

function dataOf(part: "calibration" | "evaluation"): Promise<OpenDataset> {
  const names = [`${part}-images-idx3-ubyte.gz`, `${part}-labels-idx1-ubyte.gz`];
  return openData(
    model,
    names.map((name) => diskFile(sample(name), name)),
    project.preprocess,
    nodeDecoders,
  );
}

let model: OpenModel;
let data: OpenDataset;
let calibration: Calibration;
let recipe: Recipe;

const watch = (samples: number, resume: Calibration | null = null) =>
  calibrate(
    model,
    data,
    { samples, preprocess: data.preprocess, resume, checkpoint: () => undefined },
    { main: nodeRuntime(), accelerator: null },
    context,
  );
const hash = (chunks: readonly Uint8Array[]) => createHash("sha256").update(concat(chunks)).digest("hex");
const hashOf = (opened: OpenModel, by: Recipe) => hash(quantizeModel(opened, by).chunks);
const hashes = (files: readonly Artifact[]) =>
  Object.fromEntries(files.map(({ name, chunks }) => [name, hash(chunks)]));

beforeAll(async () => {
  model = await open(nodeRuntime());
  data = await dataOf("calibration");
  calibration = await watch(40);
  recipe = resolveRecipe(model, { ...defaultRecipe(model), preprocess: data.preprocess }, calibration);
});

describe("quantizing the sample model", () => {
  it("gives the same bytes where ONNX Runtime's WASM folds and prepares as where its native build does", async () => {
    const inWasm = await open(wasmRuntime);
    expect(inWasm.sha256).toBe(model.sha256);
    expect(resolveRecipe(inWasm, defaultRecipe(inWasm), calibration).resolved).toEqual(recipe.resolved);
    expect(hashOf(inWasm, recipe)).toBe(hashOf(model, recipe));
  });

  it("settles ranges as a pure function of recipe and calibration", () => {
    const before = JSON.stringify(recipe);
    expect(resolveRecipe(model, recipe, calibration)).toEqual(recipe);
    expect(JSON.stringify(recipe)).toBe(before);
  });

  it("gives the same bytes out of the recipe and the cache as files", () => {
    const { files, quantized } = exportValid(model, { recipe, calibration, evaluation: null, date: DATE });
    const text = (suffix: string) => new TextDecoder().decode(concat(chunksOf(files, suffix)));
    const readBack = readRecipe(text(".recipe.json"), "recipe");
    const cache = readCalibration(text(".calibration.json"), "cache");
    expect(hashOf(model, readBack)).toBe(hash(quantized.chunks));
    expect(hashOf(model, resolveRecipe(model, { ...readBack, resolved: null }, cache))).toBe(hash(quantized.chunks));
    const again = exportValid(model, { recipe: readBack, calibration: cache, evaluation: null, date: DATE });
    expect(hashes(again.files.filter(isReproducible))).toEqual(hashes(files.filter(isReproducible)));
  });

  it("has a report that names the size and the SHA-256 of every other file", () => {
    const { files } = exportValid(model, { recipe, calibration, evaluation: null, date: DATE });
    const others = files.filter(({ name }) => !name.endsWith(".report.json"));
    const report = readReport(new TextDecoder().decode(concat(chunksOf(files, ".report.json"))), "report");
    const named = others.map(({ name, chunks }) => ({ name, bytes: concat(chunks).length, sha256: hash(chunks) }));
    expect(report.files).toEqual(named);
    expect(others.map(({ name }) => name)).toContain(`${model.name}.report.html`);
  });

  it("zips the very bytes, models uncompressed", () => {
    const { files } = exportValid(model, { recipe, calibration, evaluation: null, date: DATE });
    const zip = concat(zipArtifacts(files, DATE));
    const unpacked = unzipSync(zip);
    expect(Object.keys(unpacked).sort()).toEqual(files.map(({ name }) => name).sort());
    for (const { name, chunks } of files) expect(hash([unpacked[name]!])).toBe(hash(chunks));
  });

  it("loses tens of points per tensor and next to none per channel", async () => {
    const evaluation = await dataOf("evaluation");
    const judge = (by: Recipe) => {
      const quantized = quantizeModel(model, by);
      return evaluateModels(
        {
          float: { file: runnable(model.original), bytes: model.bytes },
          quantized: { file: runnable(quantized.model), bytes: quantized.bytes },
          skip: 0,
          samples: 200,
          limit: 0.01,
          machine: "test",
        },
        evaluation,
        nodeRuntime(),
        context,
      );
    };
    const perChannel = await judge(recipe);
    expect(perChannel.top1!.float).toBeGreaterThan(0.85);
    expect(Math.abs(perChannel.top1!.drop)).toBeLessThan(0.03);
    expect(perChannel.notices.filter(({ subject }) => subject !== "latency")).toEqual([]);
    const perTensor = await judge({ ...recipe, weights: { type: "int8", granularity: "tensor", rounding: "nearest" } });
    expect(perTensor.top1!.drop).toBeGreaterThan(0.1);
    expect(perTensor.verdict?.passed).toBe(false);
  });
});

describe("calibrating", () => {
  it("continues where it was cut off, to the same statistics", async () => {
    const half = await watch(15);
    const rest = { ...(await watch(40, half)), executors: calibration.executors };
    expect(writeCalibration(rest, "test")).toBe(writeCalibration(calibration, "test"));
  });

  it("refuses to continue another model's", async () => {
    const foreign = { ...calibration, model: { name: "other", sha256: "00" } };
    await expect(watch(40, foreign)).rejects.toThrow("The calibration to continue belongs to other, another model.");
  });

  it("watches every float activation and the input by its original name", () => {
    const names = model.original.graph!.node.flatMap(({ output }) => output);
    expect([...calibration.statistics.keys()].sort()).toEqual(
      [model.open[0]!.name, ...names.filter((name) => model.types.get(name) === "float32")].sort(),
    );
  });

  it("gives up with the first reason when no sample can be read", async () => {
    const files = ["a.png", "b.png"].map((path) => ({ path, size: 4, read: async () => new Uint8Array(4) }));
    const broken = await openData(model, files, "unit", nodeDecoders);
    const job = calibrate(
      model,
      broken,
      { samples: 2, preprocess: null, resume: null, checkpoint: () => undefined },
      { main: nodeRuntime(), accelerator: null },
      context,
    );
    await expect(job).rejects.toThrow(/^Not one of 2 samples could be read; the first: .*a\.png/);
  });
});

describe("exporting", () => {
  it("refuses a calibration or a recipe of another model", () => {
    const foreign = { name: "other", sha256: "00" };
    const request = { recipe, calibration, evaluation: null, date: DATE };
    expect(() => exportValid(model, { ...request, calibration: { ...calibration, model: foreign } })).toThrow(
      "The calibration was made with other, another model than fashion-mnist-dw.onnx",
    );
    expect(() => exportValid(model, { ...request, recipe: { ...recipe, model: foreign } })).toThrow(
      "The recipe was made for other, another model than fashion-mnist-dw.onnx",
    );
  });

  it("refuses a recipe that was settled for another preparation of the model", () => {
    const other = { ...model, generation: model.generation + 1 };
    expect(() => quantizeModel(other, recipe)).toThrow(InputError);
    expect(() => quantizeModel(other, recipe)).toThrow(
      /^The recipe was settled for .* another version of Octet prepares/,
    );
  });

  it("names the tensor that a recipe has no range for", () => {
    const [missing, ...kept] = Object.entries(recipe.resolved!);
    const partial = { ...recipe, resolved: Object.fromEntries(kept) };
    expect(() => quantizeModel(model, partial)).toThrow(`no range for tensor ${missing![0]}; calibrate again`);
    expect(() => quantizeModel(model, { ...recipe, resolved: null })).toThrow(/has no ranges yet; calibrate first/);
  });

  it.each([
    [0, 1e300],
    [-3.5e38, 1],
  ])("refuses ranges that no float32 reaches: %d to %d", (low, high) => {
    const [id] = Object.keys(recipe.resolved!) as [string];
    const wide = { ...recipe, resolved: { ...recipe.resolved, [id]: { low, high } } };
    expect(() => quantizeModel(model, wide)).toThrow(InputError);
    expect(() => quantizeModel(model, wide)).toThrow(
      `range of tensor ${id}, ${low} to ${high}, is wider than any float32`,
    );
    const by = { ...recipe, ranges: { [id]: { low, high } }, resolved: null };
    expect(() => quantizeModel(model, resolveRecipe(model, by, calibration))).toThrow(/is wider than any float32/);
  });

  it("refuses a recipe that leaves nothing to quantize", () => {
    const operators = [...new Set(model.original.graph!.node.map(({ opType }) => opType))];
    const nothing = { ...recipe, float: { ...recipe.float, operators } };
    expect(() => quantizeModel(model, nothing)).toThrow(/Nothing in fashion-mnist-dw would be quantized/);
  });
});

describe("summarizeData", () => {
  it("counts samples, labels and files", () => {
    expect(summarizeData(data)).toMatchObject({ samples: data.length, labelled: data.length, files: 1, kind: "idx" });
  });
});

/** Reports keep the recipe's own order of keys. */
function isReproducible({ name }: Artifact): boolean {
  return !/\.report\.\w+$/.test(name);
}

function chunksOf(files: readonly Artifact[], suffix: string): readonly Uint8Array[] {
  return files.find(({ name }) => name.endsWith(suffix))!.chunks;
}
