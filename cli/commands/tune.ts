import { cpus } from "node:os";
import { type OpenDataset, openData } from "../../src/engine/job/data.ts";
import { readRecipe } from "../../src/engine/job/documents.ts";
import { evaluateModels } from "../../src/engine/job/evaluate.ts";
import { type OpenModel, runnable } from "../../src/engine/job/open.ts";
import { quantizeModel } from "../../src/engine/job/quantize.ts";
import { recordOf } from "../../src/engine/job/report.ts";
import { tune } from "../../src/engine/job/tune.ts";
import { verifiedExport } from "../../src/engine/job/verifiedExport.ts";
import type { Evaluation } from "../../src/engine/model/evaluation.ts";
import { InputError, type JobContext } from "../../src/engine/model/job.ts";
import type { Runtime } from "../../src/engine/model/runtime.ts";
import type { TuneLimit, Tuning } from "../../src/engine/model/tuning.ts";
import { nodeDecoders } from "../decoders.ts";
import type { ArgumentsOf } from "../definitions.ts";
import { threadedRuntime } from "../executors.ts";
import { dataFiles } from "../files.ts";
import { labelsOf, preprocessOf } from "../options.ts";
import { documentOf, openForRecipe, recipeChanges } from "../recipeOptions.ts";
import { assertFolder } from "../results.ts";
import { terminalRuntime } from "../runtime.ts";
import type { Terminal } from "../terminal.ts";
import { describeTuning } from "../tuningText.ts";
import { writeJob } from "../written.ts";

const EXIT_NOT_KEPT = 1;
const DEFAULT_MAX_DROP = 1;

/**
 * Searches for the smallest, or fastest, model that keeps a limit and writes every file of the best; exits with 1 when
 * none keeps it.
 */
export async function tuneCommand({ names: [path], values }: ArgumentsOf<"tune">, terminal: Terminal): Promise<number> {
  const start = performance.now();
  const changes = recipeChanges(values);
  const { samples, budget } = values;
  const wanted = { limit: limitOf(values), goal: values.goal ?? "size", budget };
  const preprocess = await preprocessOf(values.preprocess);
  const labels = await labelsOf(values.labels);
  const files = await dataFiles(values.data);
  const saved = await documentOf(values.recipe, readRecipe);
  if (values.out !== null) await assertFolder(values.out);

  const runtime = threadedRuntime(await terminalRuntime(terminal));
  const { model, recipe } = await openForRecipe(path, values, saved, changes, runtime, terminal);
  if (recipe.weights.rounding === "learned") {
    throw new InputError(
      "tune rounds weights to nearest; give it --rounding nearest, and quantize with --rounding learned and the recipe that it finds.",
    );
  }
  const dataset = await openData(model, files, preprocess ?? recipe.preprocess, nodeDecoders, labels);
  terminal.notices(dataset.notices);
  const request = { ...wanted, samples: Math.min(samples ?? Infinity, dataset.length) };
  const from = { ...recipe, preprocess: dataset.preprocess };
  const { context } = terminal;
  const { tuning, calibration } = await tune(model, from, dataset, request, runtime, context, () => undefined);
  context.signal.throwIfAborted();

  const chosen = tuning.points[tuning.best]!.recipe;
  const evaluation = await judgeAgain(model, tuning, dataset, runtime, context);
  terminal.notices(evaluation.notices);
  const date = new Date().toISOString();
  const exported = { recipe: chosen, calibration, evaluation, tuning, date };
  const result = await verifiedExport(model, exported, dataset, runtime, context);
  const made = { model, calibration, result, notices: dataset.notices, start };
  const { value, lines } = await writeJob(made, values.out, terminal);
  terminal.result(values.json, { ...value, tuning: recordOf(tuning), evaluation }, [
    ...describeTuning(tuning),
    "",
    ...lines,
  ]);
  return tuning.chosen === null ? EXIT_NOT_KEPT : 0;
}

function limitOf({
  "max-drop": drop,
  "min-sqnr": decibels,
}: Pick<ArgumentsOf<"tune">["values"], "max-drop" | "min-sqnr">): TuneLimit {
  if (drop !== null && decibels !== null) {
    throw new InputError("--max-drop and --min-sqnr are two limits, and a search has one; leave one of them out.");
  }
  return decibels === null ? { kind: "drop", share: (drop ?? DEFAULT_MAX_DROP) / 100 } : { kind: "sqnr", decibels };
}

/** The whole evaluation of the best point, on the samples that judged it. */
function judgeAgain(
  model: OpenModel,
  { points, best, split, request }: Tuning,
  dataset: OpenDataset,
  runtime: Runtime,
  context: JobContext,
): Promise<Evaluation> {
  const quantized = quantizeModel(model, points[best]!.recipe);
  const [skip, end] = split.judgement;
  return evaluateModels(
    {
      float: { file: runnable(model.original), bytes: model.bytes },
      quantized: { file: runnable(quantized.model), bytes: quantized.bytes },
      skip,
      samples: end - skip,
      limit: request.limit.kind === "drop" ? request.limit.share : DEFAULT_MAX_DROP / 100,
      machine: cpus()[0]?.model.trim() ?? "this machine",
    },
    dataset,
    runtime,
    context,
  );
}
