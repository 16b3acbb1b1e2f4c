import { expose } from "comlink";
import { zipArtifacts } from "../src/engine/job/archive.ts";
import { calibrate } from "../src/engine/job/calibrate.ts";
import { type OpenDataset, openData, previewSample, summarizeData } from "../src/engine/job/data.ts";
import { readDocument } from "../src/engine/job/documents.ts";
import { evaluateModels } from "../src/engine/job/evaluate.ts";
import { exportJob } from "../src/engine/job/export.ts";
import { defaultRecipe, type OpenModel, openModel, runnable, summarizeModel } from "../src/engine/job/open.ts";
import { quantizeModel, resolveRecipe, totalBytes } from "../src/engine/job/quantize.ts";
import { modelInputs } from "../src/engine/job/source.ts";
import { analyseWeight } from "../src/engine/job/weights.ts";
import { InputError, type JobContext } from "../src/engine/model/job.ts";
import type { Preprocess } from "../src/engine/model/preprocess.ts";
import { browserDecoders } from "./decoders.ts";
import { executorRuntime } from "./executor.ts";
import { holdLifeline } from "./lifeline.ts";
import type { Calibration, EngineApi, OnProgress, PathFile } from "./protocol.ts";

const runtime = executorRuntime();
let model: OpenModel | null = null;
let data: OpenDataset | null = null;
let running: AbortController | null = null;

/** Runs one job: its progress goes to the page, and `cancel` ends it. */
async function job<T>(onProgress: OnProgress, work: (context: JobContext) => Promise<T>): Promise<T> {
  if (running) throw new InputError("Another job is running; wait for it or cancel it.");
  const controller = new AbortController();
  running = controller;
  try {
    return await work({ signal: controller.signal, report: (progress) => void onProgress(progress) });
  } finally {
    running = null;
  }
}

function openedModel(): OpenModel {
  if (!model) throw new InputError("No model is open; open one first.");
  return model;
}

function openedData(preprocess?: Preprocess | null): OpenDataset {
  if (!data) throw new InputError("There is no data yet; add some first.");
  return preprocess ? data.withPreprocess(preprocess) : data;
}

async function bytesOf(file: Blob, name: string): Promise<Uint8Array> {
  try {
    return new Uint8Array(await file.arrayBuffer());
  } catch {
    throw new InputError(`${name} can no longer be read, since it was changed or removed; choose it again.`);
  }
}

/** Finds a file that a model names: by its path below the model's folder, else by its name alone. */
function finderAmong(files: readonly PathFile[]) {
  return async (path: string): Promise<Uint8Array | null> => {
    const endsIn = (tail: string) => files.find((file) => `/${file.path}`.endsWith(`/${tail}`));
    const found = endsIn(path) ?? endsIn(path.split("/").at(-1)!);
    return found ? bytesOf(found.file, found.path) : null;
  };
}

const api: EngineApi = {
  inputs: async (file, fileName) => modelInputs({ bytes: await bytesOf(file, fileName), fileName }),
  open: (file, fileName, beside, inputs, onProgress) =>
    job(onProgress, async (context) => {
      const source = { bytes: await bytesOf(file, fileName), fileName, readBeside: finderAmong(beside) };
      const opened = await openModel(source, inputs, runtime, context);
      model = opened;
      data = null;
      return summarizeModel(opened, defaultRecipe(opened));
    }),
  defaultRecipe: async () => defaultRecipe(openedModel()),
  plan: async (recipe) => summarizeModel(openedModel(), recipe),
  async setData(files, preprocess) {
    const sources = files.map(({ path, file }) => ({
      path,
      size: file.size,
      read: (start = 0, end = file.size) => bytesOf(file.slice(start, end), path),
    }));
    data = await openData(openedModel(), sources, preprocess, browserDecoders);
    return summarizeData(data);
  },
  async preset(preset) {
    const { preprocess } = openedData().withPreprocess(preset);
    if (!preprocess) throw new InputError("Tensors are taken as they are, so no preset applies.");
    return preprocess;
  },
  preview: (index, preprocess) => previewSample(openedData(preprocess), index),
  calibrate: (samples, preprocess, resume, onProgress, onCheckpoint) =>
    job(onProgress, async (context) => {
      const dataset = openedData(preprocess);
      let delivered: unknown;
      const request = {
        samples,
        preprocess: dataset.preprocess,
        resume,
        checkpoint: (state: Calibration) => {
          delivered = onCheckpoint(state);
        },
      };
      try {
        return await calibrate(openedModel(), dataset, request, runtime, context);
      } finally {
        await delivered;
      }
    }),
  resolve: (recipe, calibration, onProgress) =>
    job(onProgress, async () => resolveRecipe(openedModel(), recipe, calibration)),
  weights: async (name, recipe) => analyseWeight(openedModel(), name, recipe),
  evaluate: (recipe, { skip, samples }, limit, onProgress) =>
    job(onProgress, (context) => {
      const opened = openedModel();
      const quantized = quantizeModel(opened, recipe);
      const request = {
        float: { file: runnable(opened.original), bytes: opened.bytes },
        quantized: { file: runnable(quantized.model), bytes: quantized.bytes },
        skip,
        samples,
        limit,
        machine: `this browser (${navigator.hardwareConcurrency} cores)`,
      };
      return evaluateModels(request, openedData(recipe.preprocess), runtime, context);
    }),
  exportFiles: (recipe, calibration, evaluation, onProgress) =>
    job(onProgress, async () => {
      const opened = openedModel();
      const date = new Date().toISOString();
      const { files } = exportJob(opened, { recipe, calibration, evaluation, date });
      const zip = new Blob(zipArtifacts(files, date) as Uint8Array<ArrayBuffer>[], { type: "application/zip" });
      return {
        zip,
        zipName: `${opened.name}.octet.zip`,
        files: files.map(({ name, chunks }) => ({ name, size: totalBytes(chunks) })),
      };
    }),
  importJson: async (text, fileName) => readDocument(text, fileName),
  cancel: async () => running?.abort(),
};

holdLifeline();
expose(api);
