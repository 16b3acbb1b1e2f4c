import { deriveBiases } from "../../src/engine/job/correct.ts";
import { type OpenDataset, openData } from "../../src/engine/job/data.ts";
import { readCalibration, readRecipe } from "../../src/engine/job/documents.ts";
import type { OpenModel } from "../../src/engine/job/open.ts";
import { assertCalibratedFor, resolveRecipe } from "../../src/engine/job/quantize.ts";
import { settle, settleAlone, unlearnt, wantsOfSamples } from "../../src/engine/job/settle.ts";
import { verifiedExport } from "../../src/engine/job/verifiedExport.ts";
import type { Calibration, Execution } from "../../src/engine/model/calibration.ts";
import type { DataFile } from "../../src/engine/model/dataset.ts";
import { InputError, type Notice } from "../../src/engine/model/job.ts";
import type { Preprocess, Preset } from "../../src/engine/model/preprocess.ts";
import type { Recipe } from "../../src/engine/model/recipe.ts";
import type { Rounding } from "../../src/engine/model/rounding.ts";
import type { Runtime } from "../../src/engine/model/runtime.ts";
import { nodeRuntime } from "../../src/engine/runtime/node.ts";
import { type Arguments, readArguments } from "../arguments.ts";
import { nodeDecoders } from "../decoders.ts";
import { threadedRuntime } from "../executors.ts";
import { dataFiles } from "../files.ts";
import { nodeLearner } from "../learner.ts";
import { DATA_OPTIONS, EXECUTION_OPTIONS, executionOf, INPUT_OPTIONS, preprocessOf } from "../options.ts";
import { documentOf, openForRecipe, RECIPE_OPTIONS, recipeChanges } from "../recipeOptions.ts";
import { assertFolder } from "../results.ts";
import type { Terminal } from "../terminal.ts";
import { writeJob } from "../written.ts";

/** Calibrates and quantizes a model and writes every file of the job into one folder. */
export async function quantizeCommand(argv: readonly string[], terminal: Terminal): Promise<number> {
  const args = readArguments(
    argv,
    {
      ...DATA_OPTIONS,
      ...INPUT_OPTIONS,
      ...EXECUTION_OPTIONS,
      ...RECIPE_OPTIONS,
      iterations: { type: "string" },
      cache: { type: "string" },
      out: { type: "string" },
      json: { type: "boolean" },
    },
    ["MODEL"],
  );
  const start = performance.now();
  const changes = recipeChanges(args);
  const saved = await documentOf(args, "recipe", readRecipe);
  const cache = await documentOf(args, "cache", readCalibration);
  const data = await dataRequest(args, cache !== null);
  if (args.text("out") !== null) await assertFolder(args.text("out") ?? "");

  // Threads that observe start at once: not before the arguments are known to be good, nor where nothing is observed.
  const runtime = cache ? nodeRuntime() : threadedRuntime();
  const { model, recipe: wanted } = await openForRecipe(args, saved, changes, runtime, terminal);
  const keepsLearnt = saved !== null && Object.keys(changes).length === 0;
  const kept = keepsLearnt ? wanted : { ...wanted, resolved: null, biases: null, rounding: null };
  let settled: Calibrated;
  if (cache) settled = reuse(cache, model, kept, args);
  else if (data) settled = await settleOn(data, model, wanted, runtime, terminal);
  else settled = withoutData(model, kept);
  const { calibration, recipe, rounding, dataset, notices: dataNotices } = settled;
  const request = { recipe, calibration, evaluation: null, date: new Date().toISOString() };
  const result = await verifiedExport(model, request, dataset, runtime, terminal.context);
  const made = { model, calibration, rounding, result, notices: dataNotices, start };
  const { value, lines } = await writeJob(made, args, terminal);
  terminal.result(args.flag("json"), value, lines);
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

/** What a calibration read from a file leaves to be settled; nothing more can be learnt without samples. */
function reuse(calibration: Calibration, model: OpenModel, recipe: Recipe, args: Arguments): Calibrated {
  assertCalibratedFor(model, recipe, calibration);
  const notices: Notice[] = [];
  const warn = (message: string) => notices.push({ kind: "warning", subject: "--cache", message });
  const ofData = [...Object.keys({ ...DATA_OPTIONS, ...EXECUTION_OPTIONS }), "iterations"];
  const unused = ofData.filter((name) => args.text(name) !== null);
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
async function dataRequest(args: Arguments, hasCache: boolean): Promise<DataRequest | null> {
  const samples = args.count("samples", 1);
  const preprocess = await preprocessOf(args);
  const execution = executionOf(args);
  const iterations = args.count("iterations", 1);
  const data = args.text("data");
  if (hasCache || data === null) return null;
  return { files: await dataFiles(data), preprocess, samples, execution, iterations };
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
  const afresh = { ...unlearnt(recipe), preprocess: dataset.preprocess };
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
