import { deriveBiases } from "../../src/engine/job/correct.ts";
import { type OpenDataset, openData } from "../../src/engine/job/data.ts";
import { readCalibration, readRecipe } from "../../src/engine/job/documents.ts";
import type { OpenModel } from "../../src/engine/job/open.ts";
import { assertCalibratedFor, resolveRecipe } from "../../src/engine/job/quantize.ts";
import { settle, settleAlone, wantsOfSamples } from "../../src/engine/job/settle.ts";
import { verifiedExport } from "../../src/engine/job/verifiedExport.ts";
import type { Calibration, Execution } from "../../src/engine/model/calibration.ts";
import type { DataFile } from "../../src/engine/model/dataset.ts";
import { InputError, type Notice } from "../../src/engine/model/job.ts";
import type { Preprocess, Preset } from "../../src/engine/model/preprocess.ts";
import type { Recipe } from "../../src/engine/model/recipe.ts";
import type { Rounding } from "../../src/engine/model/rounding.ts";
import type { Runtime } from "../../src/engine/model/runtime.ts";
import { unlearned } from "../../src/engine/recipe/change.ts";
import { nodeDecoders } from "../decoders.ts";
import type { ArgumentsOf } from "../definitions.ts";
import { threadedRuntime } from "../executors.ts";
import { dataFiles } from "../files.ts";
import { nodeLearner } from "../learner.ts";
import { executionOf, preprocessOf } from "../options.ts";
import { documentOf, openForRecipe, recipeChanges } from "../recipeOptions.ts";
import { assertFolder } from "../results.ts";
import { terminalRuntime } from "../runtime.ts";
import type { Terminal } from "../terminal.ts";
import { writeJob } from "../written.ts";

type QuantizeValues = ArgumentsOf<"quantize">["values"];

/** Calibrates and quantizes a model and writes every file of the job into one folder. */
export async function quantizeCommand(
  { names: [path], values }: ArgumentsOf<"quantize">,
  terminal: Terminal,
): Promise<number> {
  const start = performance.now();
  const changes = recipeChanges(values);
  const saved = await documentOf(values.recipe, readRecipe);
  const cache = await documentOf(values.cache, readCalibration);
  const data = await dataRequest(values, cache !== null);
  if (values.out !== null) await assertFolder(values.out);

  // Threads that observe start at once: not before the arguments are known to be good, nor where nothing is observed.
  const found = await terminalRuntime(terminal);
  const runtime = cache ? found : threadedRuntime(found);
  const { model, recipe: wanted } = await openForRecipe(path, values, saved, changes, runtime, terminal);
  const keepsLearned = saved !== null && Object.keys(changes).length === 0;
  const kept = keepsLearned ? wanted : { ...wanted, resolved: null, biases: null, rounding: null };
  let settled: Calibrated;
  if (cache) settled = reuse(cache, model, kept, values);
  else if (data) settled = await settleOn(data, model, wanted, runtime, terminal);
  else settled = withoutData(model, kept);
  const { calibration, recipe, rounding, dataset, notices: dataNotices } = settled;
  const request = { recipe, calibration, evaluation: null, date: new Date().toISOString() };
  const result = await verifiedExport(model, request, dataset, runtime, terminal.context);
  const made = { model, calibration, rounding, result, notices: dataNotices, start };
  const { value, lines } = await writeJob(made, values.out, terminal);
  terminal.result(values.json, value, lines);
  return 0;
}

interface Calibrated {
  readonly calibration: Calibration;
  readonly recipe: Recipe;
  readonly rounding: Rounding | null;
  /** Null where there are no samples. */
  readonly dataset: OpenDataset | null;
  /** What the data, or its absence, had to say. */
  readonly notices: readonly Notice[];
}

const OF_DATA = ["data", "preprocess", "samples", "workers", "threads", "batch", "iterations"] as const;

const WITHOUT = {
  equalization: "leave --equalize out",
  "learned rounding": "--rounding nearest",
  "bias correction": "--bias-correction none",
} as const;

/** What a recipe comes to that wants nothing of samples. Throws InputError where it does. */
function withoutData(model: OpenModel, recipe: Recipe): Calibrated {
  const wants = wantsOfSamples(model, recipe).filter((want) => want !== "calibration");
  if (wants.length < wantsOfSamples(model, recipe).length) {
    throw new InputError("quantize needs --data PATH, or --cache FILE from an earlier calibration.");
  }
  if (wants.length > 0) {
    const instead = wants.map((want) => WITHOUT[want]).join(" and ");
    throw new InputError(`quantize needs --data PATH for ${wants.join(" and ")}; give it, or ${instead}.`);
  }
  return { ...settleAlone(model, recipe), dataset: null, notices: [] };
}

/** What a calibration read from a file leaves to be settled; nothing more can be learned without samples. */
function reuse(calibration: Calibration, model: OpenModel, recipe: Recipe, values: QuantizeValues): Calibrated {
  assertCalibratedFor(model, recipe, calibration);
  const notices: Notice[] = [];
  const warn = (message: string) => notices.push({ kind: "warning", subject: "--cache", message });
  const unused = OF_DATA.filter((name) => values[name] !== null);
  if (unused.length > 0) {
    warn(`${unused.map((name) => `--${name}`).join(", ")} had no effect, since --cache gives the calibration.`);
  }
  let { corrections } = recipe;
  if (corrections.bias === "empirical" && !recipe.biases) {
    warn("Biases were not corrected, since that takes samples; give --data in place of --cache.");
    corrections = { ...corrections, bias: "none" };
  }
  let { weights } = recipe;
  if (weights.rounding === "learned" && !recipe.rounding) {
    warn("Weights were rounded to nearest, since learning takes samples; give --data in place of --cache.");
    weights = { ...weights, rounding: "nearest" };
  }
  const changed = { ...recipe, corrections, weights, preprocess: calibration.preprocess };
  const resolved = changed.resolved ? changed : resolveRecipe(model, changed, calibration);
  return { calibration, recipe: deriveBiases(model, resolved), rounding: null, dataset: null, notices };
}

interface DataRequest {
  readonly files: readonly DataFile[];
  readonly preprocess: Preprocess | Preset | null;
  /** Null for all. */
  readonly samples: number | null;
  readonly execution: Execution;
  /** Of learning rounding; null for the default. */
  readonly iterations: number | null;
}

/** Null where there is nothing to read. */
async function dataRequest(values: QuantizeValues, hasCache: boolean): Promise<DataRequest | null> {
  const { data, samples, iterations } = values;
  const preprocess = await preprocessOf(values.preprocess);
  if (hasCache || data === null) return null;
  return { files: await dataFiles(data), preprocess, samples, execution: executionOf(values), iterations };
}

async function settleOn(
  { files, preprocess, samples, execution, iterations }: DataRequest,
  model: OpenModel,
  recipe: Recipe,
  runtime: Runtime,
  terminal: Terminal,
): Promise<Calibrated> {
  const dataset = await openData(model, files, preprocess ?? recipe.preprocess, nodeDecoders);
  terminal.notices(dataset.notices);
  const afresh = { ...unlearned(recipe), preprocess: dataset.preprocess };
  const request = {
    samples: samples ?? dataset.length,
    calibration: null,
    execution,
    ...(iterations !== null && { iterations }),
  };
  const runtimes = { main: runtime, accelerator: null, learner: nodeLearner };
  const settled = await settle(model, afresh, dataset, request, runtimes, terminal.context);
  return { ...settled, dataset, notices: dataset.notices };
}
