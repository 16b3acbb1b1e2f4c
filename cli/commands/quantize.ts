import { join } from "node:path";
import { calibrate } from "../../src/engine/job/calibrate.ts";
import { openData } from "../../src/engine/job/data.ts";
import { readCalibration, readRecipe } from "../../src/engine/job/documents.ts";
import { exportJob } from "../../src/engine/job/export.ts";
import { defaultRecipe, type OpenModel, openModel, summarizeModel } from "../../src/engine/job/open.ts";
import { assertCalibrated, assertRecipeFor, totalBytes } from "../../src/engine/job/quantize.ts";
import { verifyLoads } from "../../src/engine/job/verify.ts";
import type { Calibration } from "../../src/engine/model/calibration.ts";
import type { DataFile } from "../../src/engine/model/dataset.ts";
import { InputError, type Notice } from "../../src/engine/model/job.ts";
import type { Preprocess, Preset } from "../../src/engine/model/preprocess.ts";
import { METHODS } from "../../src/engine/model/range.ts";
import type { Recipe } from "../../src/engine/model/recipe.ts";
import type { Runtime } from "../../src/engine/model/runtime.ts";
import { nodeRuntime } from "../../src/engine/runtime/node.ts";
import { type Arguments, readArguments } from "../arguments.ts";
import { nodeDecoders } from "../decoders.ts";
import { assertFolder, dataFiles, readText, writeFiles } from "../files.ts";
import { bytesText } from "../format.ts";
import { DATA_OPTIONS, INPUT_OPTIONS, inputsOf, modelSource, preprocessOf } from "../options.ts";
import type { Terminal } from "../terminal.ts";

/** Calibrates and quantizes a model and writes every file of the job into one folder. */
export async function quantizeCommand(argv: readonly string[], terminal: Terminal): Promise<number> {
  const args = readArguments(
    argv,
    {
      ...DATA_OPTIONS,
      ...INPUT_OPTIONS,
      method: { type: "string" },
      "per-tensor": { type: "boolean" },
      activations: { type: "string" },
      recipe: { type: "string" },
      cache: { type: "string" },
      out: { type: "string" },
      json: { type: "boolean" },
    },
    ["MODEL"],
  );
  const start = performance.now();
  const runtime = nodeRuntime();
  const changes = recipeChanges(args);
  const saved = await documentOf(args, "recipe", readRecipe);
  const cache = await documentOf(args, "cache", readCalibration);
  const data = await dataRequest(args, cache !== null);
  if (args.text("out") !== null) await assertFolder(args.text("out") ?? "");

  const model = await openForRecipe(args, saved, runtime, terminal);
  if (saved) assertRecipeFor(model, saved);
  const wanted = { ...(saved ?? defaultRecipe(model)), ...changes, inputs: model.inputs };
  const { calibration, notices: dataNotices } = cache
    ? reuse(cache, model, args)
    : await calibrateOn(data, model, wanted, runtime, terminal);
  const keepsRanges = saved !== null && cache !== null && Object.keys(changes).length === 0;
  const recipe: Recipe = {
    ...wanted,
    preprocess: calibration.preprocess,
    resolved: keepsRanges ? wanted.resolved : null,
  };
  const result = exportJob(model, { recipe, calibration, evaluation: null, date: new Date().toISOString() });
  await verifyLoads(result.quantized, runtime);
  terminal.context.signal.throwIfAborted();
  const out = args.text("out") ?? `${model.name}.octet`;
  await writeFiles(out, result.files);
  const notices = [...dataNotices, ...result.notices];
  terminal.notices(notices.filter(({ kind }) => kind === "warning"));

  const { layers } = summarizeModel(model, recipe);
  const quantized = layers.filter(({ precision }) => precision === "int8").length;
  const files = result.files.map(({ name, chunks }) => ({ name, bytes: totalBytes(chunks) }));
  const seconds = (performance.now() - start) / 1000;
  const samples = calibration.observed.length;
  const skipped = calibration.skipped.length;
  terminal.result(
    args.flag("json"),
    {
      model: { name: model.name, sha256: model.sha256, bytes: model.bytes },
      out,
      files,
      bytes: { float: model.bytes, quantized: result.quantized.bytes },
      layers: { total: layers.length, quantized },
      calibration: {
        samples,
        skipped,
        executor: calibration.executor,
        preprocess: calibration.preprocess,
      },
      recipe: result.recipe,
      parameters: Object.fromEntries(result.quantized.affine),
      notices,
      seconds,
    },
    [
      `${quantized} of ${layers.length} layers quantized on ${samples} samples${skipped > 0 ? ` (${skipped} skipped)` : ""} in ${seconds.toFixed(1)} s: ${bytesText(model.bytes)} to ${bytesText(result.quantized.bytes)}`,
      ...files.map(({ name, bytes }) => `  ${join(out, name)} (${bytesText(bytes)})`),
    ],
  );
  return 0;
}

async function documentOf<T>(
  args: Arguments,
  option: string,
  read: (text: string, fileName: string) => T,
): Promise<T | null> {
  const path = args.text(option);
  return path === null ? null : read(await readText(path), path);
}

/** What the options change in a recipe. */
function recipeChanges(args: Arguments): Partial<Recipe> {
  const method = args.choice("method", METHODS);
  const activations = args.choice("activations", ["u8", "s8"]);
  return {
    ...(method && { method }),
    ...(args.flag("per-tensor") && { weights: { type: "int8", granularity: "tensor" } }),
    ...(activations === "s8" && { activations: { type: "int8", symmetric: true } }),
    ...(activations === "u8" && { activations: { type: "uint8", symmetric: false } }),
  };
}

/** Opens the model with the inputs of the saved recipe, where no option gives others. */
async function openForRecipe(
  args: Arguments,
  saved: Recipe | null,
  runtime: Runtime,
  terminal: Terminal,
): Promise<OpenModel> {
  const { shapes, values } = inputsOf(args);
  const inputs = {
    shapes: { ...saved?.inputs.shapes, ...shapes },
    values: { ...saved?.inputs.values, ...values },
  };
  return openModel(await modelSource(args.positionals[0] ?? ""), inputs, runtime, terminal.context);
}

interface Calibrated {
  readonly calibration: Calibration;
  /** What the data had to say. */
  readonly notices: readonly Notice[];
}

function reuse(calibration: Calibration, model: OpenModel, args: Arguments): Calibrated {
  assertCalibrated(model, calibration);
  const unused = Object.keys(DATA_OPTIONS).filter((name) => args.text(name) !== null);
  const message = `${unused.map((name) => `--${name}`).join(", ")} had no effect, since --cache gives the calibration.`;
  return { calibration, notices: unused.length > 0 ? [{ kind: "warning", subject: "--cache", message }] : [] };
}

interface DataRequest {
  readonly files: readonly DataFile[];
  readonly preprocess: Preprocess | Preset | null;
  /** Null for all. */
  readonly samples: number | null;
}

async function dataRequest(args: Arguments, hasCache: boolean): Promise<DataRequest> {
  const samples = args.count("samples", 1);
  const preprocess = await preprocessOf(args);
  if (hasCache) return { files: [], preprocess, samples };
  const data = args.text("data");
  if (data === null) throw new InputError("quantize needs --data PATH, or --cache FILE from an earlier calibration.");
  return { files: await dataFiles(data), preprocess, samples };
}

async function calibrateOn(
  { files, preprocess, samples }: DataRequest,
  model: OpenModel,
  recipe: Recipe,
  runtime: Runtime,
  terminal: Terminal,
): Promise<Calibrated> {
  const dataset = await openData(model, files, preprocess ?? recipe.preprocess, nodeDecoders);
  terminal.notices(dataset.notices);
  const request = {
    samples: samples ?? dataset.length,
    preprocess: dataset.preprocess,
    resume: null,
    checkpoint: () => undefined,
  };
  const calibration = await calibrate(model, dataset, request, runtime, terminal.context);
  return { calibration, notices: dataset.notices };
}
