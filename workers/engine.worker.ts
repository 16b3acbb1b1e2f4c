import { expose } from "comlink";
import { zipArtifacts } from "../src/engine/job/archive.ts";
import { activationValues } from "../src/engine/job/bitDepth.ts";
import { calibrate } from "../src/engine/job/calibrate.ts";
import { deriveBiases } from "../src/engine/job/correct.ts";
import { type OpenDataset, openData, previewSample, summarizeData } from "../src/engine/job/data.ts";
import { Diagnostician } from "../src/engine/job/diagnose.ts";
import { readDocument, writeRecipe } from "../src/engine/job/documents.ts";
import { evaluateModels } from "../src/engine/job/evaluate.ts";
import { learnRounding } from "../src/engine/job/learnRounding.ts";
import {
  defaultRecipe,
  equalizedModel,
  type OpenModel,
  openModel,
  runnable,
  summarizeModel,
} from "../src/engine/job/open.ts";
import { Prober } from "../src/engine/job/probe.ts";
import { quantizeModel, resolveRecipe, totalBytes } from "../src/engine/job/quantize.ts";
import { sensitivity } from "../src/engine/job/sensitivity.ts";
import { settle } from "../src/engine/job/settle.ts";
import { modelInputs } from "../src/engine/job/source.ts";
import { tune } from "../src/engine/job/tune.ts";
import { Turns } from "../src/engine/job/turns.ts";
import { verifiedExport } from "../src/engine/job/verifiedExport.ts";
import { walk } from "../src/engine/job/walk.ts";
import { analyseWeight } from "../src/engine/job/weights.ts";
import { InputError, type JobContext } from "../src/engine/model/job.ts";
import type { Preprocess } from "../src/engine/model/preprocess.ts";
import type { Rounding } from "../src/engine/model/rounding.ts";
import type { Runtimes } from "../src/engine/model/runtime.ts";
import type { Sensitivity } from "../src/engine/model/sensitivity.ts";
import type { Tuning } from "../src/engine/model/tuning.ts";
import { webgpuAccelerator } from "./accelerator.ts";
import { bytesOf } from "./bytesOf.ts";
import { browserDecoders } from "./decoders.ts";
import { executorRuntime } from "./executor.ts";
import { withLearner } from "./learner.ts";
import { holdLifeline } from "./lifeline.ts";
import type { Calibration, EngineApi, OnProgress, PathFile } from "./protocol.ts";
import { writeParts } from "./writeParts.ts";

const runtime = executorRuntime();
const runtimes: Runtimes = { main: runtime, accelerator: navigator.gpu ? webgpuAccelerator : null };
let model: OpenModel | null = null;
let data: OpenDataset | null = null;
let diagnostician: Diagnostician | null = null;
let prober: Prober | null = null;
const turns = new Turns();

/** Runs one job: its progress goes to the page, and `cancel` ends it. */
function job<T>(onProgress: OnProgress, work: (context: JobContext) => Promise<T>): Promise<T> {
  return turns.job((signal) => work({ signal, report: (progress) => void onProgress(progress) }));
}

function openedModel(): OpenModel {
  if (!model) throw new InputError("No model is open; open one first.");
  return model;
}

function openedData(preprocess?: Preprocess | null): OpenDataset {
  if (!data) throw new InputError("There is no data yet; add some first.");
  return preprocess ? data.withPreprocess(preprocess) : data;
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
      diagnostician = new Diagnostician(opened);
      prober = null;
      return summarizeModel(opened, defaultRecipe(opened));
    }),
  defaultRecipe: async () => defaultRecipe(openedModel()),
  plan: async (choices) => summarizeModel(openedModel(), choices),
  async setData(files, preprocess) {
    const sources = files.map(({ path, file }) => ({
      path,
      size: file.size,
      read: (start = 0, end = file.size) => bytesOf(file.slice(start, end), path),
    }));
    data = await openData(openedModel(), sources, preprocess, browserDecoders);
    prober = new Prober(openedModel(), runtime);
    return summarizeData(data);
  },
  async preset(preset) {
    const { preprocess } = openedData().withPreprocess(preset);
    if (!preprocess) throw new InputError("Tensors are taken as they are, so no preset applies.");
    return preprocess;
  },
  preview: (index, preprocess) => previewSample(openedData(preprocess), index),
  calibrate: (samples, preprocess, resume, execution, onProgress, onCheckpoint) =>
    job(onProgress, async (context) => {
      const dataset = openedData(preprocess);
      let delivered: unknown;
      const request = {
        samples,
        preprocess: dataset.preprocess,
        resume,
        execution,
        checkpoint: (state: Calibration) => {
          delivered = onCheckpoint(state);
        },
      };
      try {
        return await calibrate(openedModel(), dataset, request, runtimes, context);
      } finally {
        await delivered;
      }
    }),
  settle: (recipe, samples, calibration, execution, onProgress) =>
    job(onProgress, (context) => {
      const request = { samples, calibration, execution };
      return settle(openedModel(), recipe, openedData(recipe.preprocess), request, runtimes, context);
    }),
  resolve: (recipe, calibration, onProgress) =>
    job(onProgress, async () => deriveBiases(openedModel(), resolveRecipe(openedModel(), recipe, calibration))),
  weights: async (name, choices) => analyseWeight(openedModel(), name, choices),
  values: async (tensor, sample, count, choices) => {
    const opened = equalizedModel(openedModel(), choices);
    return activationValues(opened, tensor, openedData(choices.preprocess), sample, count, runtime);
  },
  diagnose: async (recipe, calibration, measured) => diagnostician?.diagnose(recipe, calibration, measured) ?? null,
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
  probe: (recipe, range, onProgress) =>
    turns.probe(async (signal) => {
      const dataset = openedData(recipe.preprocess);
      if (!prober) throw new Error("data was opened without a prober");
      return prober.probe(recipe, dataset, range, { signal, report: (progress) => void onProgress(progress) });
    }),
  sensitivity: (recipe, samples, untilSettled, onProgress, onResult) =>
    job(onProgress, async (context) => {
      const dataset = openedData(recipe.preprocess);
      let delivered: unknown;
      const deliver = (partial: Sensitivity) => {
        delivered = onResult(partial);
      };
      try {
        const request = { samples, untilSettled };
        return await sensitivity(openedModel(), recipe, dataset, request, runtime, context, deliver);
      } finally {
        await delivered;
      }
    }),
  walk: (recipe, samples, onProgress) =>
    job(onProgress, (context) =>
      walk(openedModel(), recipe, openedData(recipe.preprocess), { samples }, runtime, context),
    ),
  tune: (recipe, request, onProgress, onPoint) =>
    job(onProgress, async (context) => {
      const dataset = openedData(recipe.preprocess);
      let delivered: unknown;
      const deliver = (tuning: Tuning) => {
        delivered = onPoint(tuning);
      };
      try {
        return (await tune(openedModel(), recipe, dataset, request, runtime, context, deliver)).tuning;
      } finally {
        await delivered;
      }
    }),
  learnRounding: (recipe, request, onProgress, onPoint, onLayer) =>
    job(onProgress, async (context) => {
      const dataset = openedData(recipe.preprocess);
      let { resume } = request;
      let delivered: unknown;
      const listener = {
        context,
        onPoint,
        onLayer: (partial: Rounding) => {
          resume = partial;
          delivered = onLayer(partial);
        },
      };
      try {
        return await withLearner(context.signal, (learner) =>
          learnRounding(openedModel(), recipe, dataset, { ...request, resume }, { runtime, learner }, listener),
        );
      } finally {
        await delivered;
      }
    }),
  exportFiles: (recipe, calibration, evaluation, tuning, onProgress, target = null) =>
    job(onProgress, async (context) => {
      const opened = openedModel();
      const date = new Date().toISOString();
      const request = { recipe, calibration, evaluation, date, ...(tuning && { tuning }) };
      const dataset = data && openedData(recipe.preprocess);
      const { files, notices } = await verifiedExport(opened, request, dataset, runtime, context);
      const parts = zipArtifacts(files, date) as Uint8Array<ArrayBuffer>[];
      return {
        zip: target ? await writeParts(target, parts, context) : new Blob(parts, { type: "application/zip" }),
        zipName: `${opened.name}.octet.zip`,
        files: files.map(({ name, chunks }) => ({ name, size: totalBytes(chunks) })),
        notices,
      };
    }),
  recipeJson: async (recipe) => writeRecipe(recipe),
  importJson: async (text, fileName) => readDocument(text, fileName),
  cancel: async () => turns.cancel(),
};

holdLifeline();
expose(api);
