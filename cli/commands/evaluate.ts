import { basename } from "node:path";
import { type Dataset, isLabelled } from "../../src/engine/model/dataset.ts";
import type { Evaluation } from "../../src/engine/model/evaluation.ts";
import { InputError, type Notice } from "../../src/engine/model/job.ts";
import { isDisproved } from "../../src/engine/model/preprocessFinding.ts";
import type { FileWalk } from "../../src/engine/model/quantizedFile.ts";
import {
  clippingOfFiles,
  evaluateModels,
  FloatRunner,
  findPreprocess,
  floatFileOf,
  isTokenInput,
  modelFileOf,
  openData,
  Project,
  type RunnableModel,
  settleInputs,
  unseenNotices,
} from "../../src/engine/project/index.ts";
import { plural } from "../../src/engine/values/figures.ts";
import { nodeDecoders } from "../decoders.ts";
import type { ArgumentsOf } from "../definitions.ts";
import { MACHINE, nodeEnvironment } from "../environment.ts";
import { describeEvaluation } from "../evaluationText.ts";
import { dataSources } from "../files.ts";
import { tellingPeaks } from "../memory.ts";
import { inputsOf, labelsOf, modelSource, preprocessOf } from "../options.ts";
import { preprocessNotices } from "../preprocessText.ts";
import { without } from "../quantizedText.ts";
import { recipeOf, unknownNotices } from "../recipeBeside.ts";
import { seedOf } from "../recipeOptions.ts";
import { terminalRuntime } from "../runtime.ts";
import { describeWalk } from "../sensitivityText.ts";
import type { Terminal } from "../terminal.ts";

const EXIT_LIMIT_PASSED = 1;
const DEFAULT_MAX_DROP = 1;
const NOT_JUDGED =
  "The limit was not judged: the labels say that the preprocessing assumed is not the model's, or that they are off by one, as the warning has it; give what it names.";

/**
 * Judges a quantized model against the float one; exits with 1 when top-1 drops, or without labels perplexity rises, by more than the limit. Throws InputError, after what was
 * measured is said, where there are labels and yet nothing to hold the limit against, or they say that it would be held against the wrong figures.
 */
export async function evaluateCommand(
  { names: [floatPath, quantizedPath], values }: ArgumentsOf<"evaluate">,
  terminal: Terminal,
): Promise<number> {
  const skip = values.skip ?? 0;
  const maxDrop = values["max-drop"];
  const preprocess = await preprocessOf(values.preprocess);
  const labels = await labelsOf(values.labels);

  const float = await floatFileOf(await modelSource(floatPath));
  const quantized = await modelFileOf(await modelSource(quantizedPath));
  assertOrder(float, floatPath, quantized);
  const inputs = { ...settleInputs(float.inputs, inputsOf(values), float.outputs), classes: float.classes };
  const known = await recipeOf(quantizedPath, values.recipe);
  const { recipe } = known;
  const seed = seedOf(values.order, recipe);
  const files = await dataSources(values.data);
  const runtime = tellingPeaks(await terminalRuntime(terminal));
  const runner = new FloatRunner(float.file, runtime);
  const dataset = await openData(inputs, files, preprocess, nodeDecoders, labels, seed, runner);
  const before = [
    ...float.notices,
    ...partlyQuantizedNotices(float, floatPath),
    ...unquantizedNotices(quantized, quantizedPath),
    ...unknownNotices(known, basename(quantizedPath)),
    ...dataset.notices,
  ];
  terminal.notices(before);
  const samples = values.samples ?? dataset.length;
  const hasTokens = inputs.open.some(isTokenInput);
  if (labels || (maxDrop !== null && !hasTokens)) assertLabelled(dataset, skip, samples);
  const repeated = recipe ? await unseenNotices(recipe, dataset, { skip, samples }, terminal.context) : [];
  const assumed = dataset.assumed !== null;
  const finding =
    dataset.labels || assumed
      ? await findPreprocess(float.file, dataset, { skip: 0, samples: dataset.length }, runtime, terminal.context)
      : null;
  const notices = [...before, ...repeated, ...(finding ? preprocessNotices(finding, assumed) : [])];
  terminal.notices(notices);
  const isWrong = finding !== null && isDisproved(finding, assumed);
  const sources = { float: await modelSource(floatPath), quantized: await modelSource(quantizedPath) };
  const ranges = await clippingOfFiles(
    { ...sources, origin: quantized.origin },
    { recipe, inputs: inputsOf(values) },
    runtime,
    terminal.context,
  );
  terminal.notices(ranges.notices);
  const measured = await evaluateModels(
    {
      float,
      quantized,
      skip,
      samples,
      limit: (maxDrop ?? DEFAULT_MAX_DROP) / 100,
      machine: MACHINE,
      dataShaped: float.dataShaped,
      speeds: true,
      clipping: ranges.clipping,
    },
    dataset,
    runtime,
    terminal.context,
  );
  await dataset.sequences?.release();
  const walk = values.walk === null ? null : await walkThrough();
  const evaluation = isWrong ? { ...measured, verdict: null } : measured;
  terminal.notices(evaluation.notices);
  const found = { origin: quantized.origin, preprocessing: finding, ...(walk && { walk }) };
  const result = { ...evaluation, ...found, notices: [...notices, ...ranges.notices, ...evaluation.notices] };
  terminal.result(values.json, result, [...describeEvaluation(evaluation), ...(walk ? walkText(walk) : [])]);
  if (isWrong) throw new InputError(NOT_JUDGED);
  if (!evaluation.verdict && (labels || maxDrop !== null || evaluation.labelled > 0)) throw unjudged(evaluation);
  return evaluation.verdict?.passed === false ? EXIT_LIMIT_PASSED : 0;

  /** Layer by layer, of the tensors that both files have. */
  async function walkThrough(): Promise<FileWalk> {
    const { context } = terminal;
    const source = await modelSource(floatPath);
    const project = await Project.open(source, inputsOf(values), nodeEnvironment(runtime), context);
    await project.edit({ seed }).takeData(files, preprocess, labels);
    await project.readBeside(await modelSource(quantizedPath));
    return project.walkBeside(values.walk ?? 1, context);
  }
}

function walkText(walk: FileWalk): string[] {
  const compared = `${plural(walk.steps.length, "layer")} whose output both models have, on ${plural(walk.samples, "sample")}`;
  const left = without("Layers of both models whose outputs are not compared:", walk.unwalked);
  return ["", `Layer by layer: ${compared}`, ...describeWalk(walk), ...left];
}

function assertOrder({ quantizedOperator }: RunnableModel, path: string, second: RunnableModel): void {
  if (quantizedOperator === null || second.quantizedOperator !== null) return;
  throw new InputError(
    `"${basename(path)}" is already quantized (it has a ${quantizedOperator} layer); give the float model first, then the quantized one.`,
  );
}

/** A model that was quantized in part before is what its quantized one is compared with. */
function partlyQuantizedNotices({ quantizedOperator }: RunnableModel, path: string): Notice[] {
  if (quantizedOperator === null) return [];
  const subject = basename(path);
  const message = `"${subject}" has quantized layers itself (${quantizedOperator}), so what is compared with is that model as it is, not a float one.`;
  return [{ kind: "warning", subject, message }];
}

/** Octet's own float16 and bfloat16 have no quantized layer either, and say where they are from. */
function unquantizedNotices({ quantizedOperator, keepsIntegers, origin }: RunnableModel, path: string): Notice[] {
  if (quantizedOperator !== null || keepsIntegers || origin !== null) return [];
  const subject = basename(path);
  const message = `"${subject}" has no quantized layer, so this compares two float models; give the float model first, then the quantized one.`;
  return [{ kind: "warning", subject, message }];
}

function unjudged({ labelled }: Evaluation): InputError {
  return new InputError(
    labelled > 0
      ? "Top-1 was not judged: the output that it goes by says nothing on these samples, as the first warning has it; mend that, or leave the labels out."
      : "Top-1 was not judged: the model has no output of class scores, one with exactly one axis longer than 1, nor of scores for its next tokens; leave --labels and --max-drop out.",
  );
}

/** A limit that nothing can be held against would always be kept. */
function assertLabelled(dataset: Dataset, skip: number, samples: number): void {
  if (isLabelled(dataset.labels, skip, skip + samples)) return;
  throw new InputError(
    "None of the samples to judge has a label; give --labels FILE for them, or leave --max-drop out.",
  );
}
