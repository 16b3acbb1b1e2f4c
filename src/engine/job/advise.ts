import { chooseOption } from "../advice/choose.ts";
import type { AdviceFacts, WeightLoss } from "../advice/facts.ts";
import { kindsOf } from "../advice/kinds.ts";
import { type Options, optionsFor } from "../advice/options.ts";
import { isMeasured } from "../advice/references.ts";
import { spectrogramOf } from "../advice/spectrogram.ts";
import type { Advice, AdviceOption, AdvisedSettings } from "../model/advice.ts";
import type { WeightAnalysis } from "../model/analysis.ts";
import type { Calibration } from "../model/calibration.ts";
import { takesCodes, takesRanges } from "../model/format.ts";
import { InputError, type JobContext } from "../model/job.ts";
import type { Recipe } from "../model/recipe.ts";
import type { ModelFile, Runtime, Runtimes, Session } from "../model/runtime.ts";
import type { TargetName } from "../model/target.ts";
import { signalToNoise } from "../numerics/decibels.ts";
import { quantile } from "../numerics/interval.ts";
import { encodeModel, totalLength } from "../onnx/encode.ts";
import { GraphIndex } from "../onnx/graph.ts";
import { inputPorts, outputPorts } from "../onnx/ports.ts";
import { dimsOf } from "../onnx/tensor.ts";
import type { QuantizationPlan } from "../plan/plan.ts";
import { withAdvice, withTarget } from "../recipe/edits.ts";
import { targetOf } from "../targets/index.ts";
import { weightBits } from "../values/codes.ts";
import { elementCount } from "../values/dims.ts";
import type { OpenDataset } from "./data.ts";
import { evaluateModels } from "./evaluate.ts";
import { worstOutput } from "./family.ts";
import { timeInTurn } from "./inTurn.ts";
import { defaultRecipe, type OpenModel, planModel, runnable } from "./open.ts";
import { quantizeModel } from "./quantize.ts";
import { firstReadable, halfOf } from "./samples.ts";
import { loadQuantized, loadSession } from "./session.ts";
import { settle, settleAlone, wantsOfSamples } from "./settle.ts";
import { outputsShapedByData } from "./standIns.ts";
import { analysePlannedWeight } from "./weights.ts";

/** Samples that teach, and those that judge, at most. */
export const ADVICE_SAMPLES = 100;
/** Weights that are encoded without being asked, to see what is lost and what a file takes: about two seconds of one core. */
const MOST_WEIGHTS = 20e6;

/** What is right for a model on a target, by its graph and its weights alone: fidelity and time are unknown. */
export function advise(model: OpenModel, target: TargetName): Advice {
  const { facts, options, preferred } = considered(model, target);
  const advised = options[preferred]!;
  return {
    target,
    kinds: facts.kinds,
    options: options.map((option) => ({ ...option, figures: null, failed: null })),
    advised: preferred,
    why: whyByGraph(facts, preferred === 0),
    size: sizeOf(model, recipeOf(model, target, advised.settings)),
    measured: null,
    notices: [],
  };
}

function whyByGraph({ kinds, target }: AdviceFacts, isDefault: boolean): string {
  if (!isDefault)
    return `On models of this kind that were measured it is better than what choosing ${target.name} sets.`;
  const known = isMeasured(kinds[0]?.kind ?? "other");
  return `It is what choosing ${target.name} sets; ${known ? "nothing measured on such models is better" : "no model of this kind was measured"}.`;
}

export interface AdviceRequest {
  /** Nothing but the first so many samples is read: the first half teaches, the others judge. */
  readonly samples: number;
  readonly machine: string;
}

/**
 * The same by what is measured: every recipe that may be right is settled on the first half of the samples and judged against float on the others, and
 * where the target is here all are timed in turn on one thread; what is no better than what the target sets is not advised. Throws InputError with
 * fewer than two samples, and where not one recipe can be made.
 */
export async function adviseOn(
  model: OpenModel,
  target: TargetName,
  dataset: OpenDataset,
  { samples, machine }: AdviceRequest,
  runtimes: Runtimes,
  context: JobContext,
): Promise<Advice> {
  const end = Math.min(samples, dataset.length);
  if (end < 2)
    throw new InputError("Advice by measuring needs two samples or more, one half to teach and the other to judge.");
  const taught = halfOf(end, dataset);
  const { facts, options } = considered(model, target);
  const made: Made[] = [];
  let calibration: Calibration | null = null;
  for (const [at, option] of options.entries()) {
    context.signal.throwIfAborted();
    const within = named(context, `${at + 1} of ${options.length}: ${option.name}`);
    try {
      const start = { ...recipeOf(model, target, option.settings), preprocess: dataset.preprocess, seed: dataset.seed };
      const settled = await settle(model, start, dataset, { samples: taught, calibration }, runtimes, within);
      if (settled.calibration.statistics.size > 0) calibration = settled.calibration;
      const quantized = quantizeModel(model, settled.recipe);
      const job = {
        float: { file: runnable(model.reference), bytes: model.bytes },
        quantized: { file: runnable(quantized.model), bytes: quantized.bytes },
        ...{ skip: taught, samples: end - taught, limit: 1, machine, dataShaped: outputsShapedByData(model) },
      };
      const evaluation = await evaluateModels(job, dataset, runtimes.main, within);
      const { top1, perplexity } = evaluation;
      const figures = { bytes: quantized.bytes, sqnr: worstOutput(evaluation), top1, perplexity, time: null };
      made.push({ ...option, file: job.quantized.file, figures, failed: null });
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
      made.push({ ...option, file: null, figures: null, failed: error.message });
    }
  }
  if (made.every(({ figures }) => figures === null)) throw new InputError(made[0]?.failed ?? "");
  const { isHere } = facts.target;
  const { feeds } = await firstReadable(dataset, taught, end - taught);
  const times = isHere ? await timesOf(model, made, feeds, runtimes.main, context) : [];
  const measured = made.map(({ file: _, ...option }, at): AdviceOption => {
    const { figures } = option;
    return { ...option, figures: figures && { ...figures, time: times[at] ?? null } };
  });
  const figures = measured.map((option) => option.figures);
  const { advised, why } = chooseOption(
    measured.map(({ name }) => name),
    figures,
  );
  return {
    target,
    kinds: facts.kinds,
    options: measured,
    advised,
    why,
    size: { float: model.bytes, advised: figures[advised]!.bytes, basis: "Counted on the file that was made." },
    measured: { taught, judged: end - taught, runtime: runtimes.main.label, machine },
    notices: measured.flatMap(({ name, failed }) =>
      failed === null ? [] : [{ kind: "info" as const, subject: name, message: `Not made: ${failed}` }],
    ),
  };
}

interface Made extends AdviceOption {
  readonly file: ModelFile | null;
}

/** A context whose tasks say which of several they are for. */
function named({ signal, report }: JobContext, name: string): JobContext {
  return { signal, report: (progress) => report({ ...progress, task: `${progress.task} (${name})` }) };
}

/** The median time of each option's runs over the float model's in the same round, on one thread; null of those that were not made. */
async function timesOf(
  model: OpenModel,
  made: readonly Made[],
  feeds: Parameters<Session["run"]>[0],
  runtime: Runtime,
  context: JobContext,
): Promise<(number | null)[]> {
  const sessions: Session[] = [];
  try {
    sessions.push(await loadSession(runtime, runnable(model.reference), { threads: 1 }, "The float model"));
    for (const { file } of made) {
      if (file) sessions.push(await loadQuantized(runtime, file, { threads: 1 }));
    }
    const [float = [], ...others] = await timeInTurn(sessions, feeds, context);
    const ratios = others.map((times) =>
      quantile(
        times.map((time, round) => time / float[round]!),
        0.5,
      ),
    );
    return made.map(({ file }) => (file ? ratios.shift()! : null));
  } finally {
    await Promise.all(sessions.map((session) => session.dispose()));
  }
}

/** The recipe that a model starts with, for a target and with what is advised. */
export function recipeOf(model: OpenModel, target: TargetName, settings: AdvisedSettings): Recipe {
  return withAdvice(defaultRecipe(model), target, settings);
}

function considered(model: OpenModel, target: TargetName): Options & { readonly facts: AdviceFacts } {
  const base = withTarget(defaultRecipe(model), target);
  const plan = planModel(model, base);
  const graph = model.folded.graph;
  if (!graph) throw new Error("a prepared model has a graph");
  const index = new GraphIndex(graph);
  const shaped = (port: { readonly name: string; readonly dims: readonly (number | string | null)[] }) =>
    model.shapes.get(port.name) ?? [...port.dims];
  const outputs = outputPorts(model.reference).map((port) => ({ ...port, dims: shaped(port) }));
  const frontEnd = spectrogramOf(index);
  const facts: AdviceFacts = {
    kinds: kindsOf({ index, inputs: inputPorts(model.reference), outputs, frontEnd }),
    frontEnd,
    target: targetOf(base),
    base,
    weighted: plan.layers.flatMap(({ id, reason, weightUse }) => (reason === null && weightUse ? [id] : [])),
    loss: takesCodes(base) ? lossOf(plan, base) : null,
  };
  return { facts, ...optionsFor(facts) };
}

/** What the weights of a plan keep; null where there are none, or too many to look at. */
function lossOf(plan: QuantizationPlan, recipe: Recipe): WeightLoss | null {
  const names = new Set(plan.layers.flatMap(({ weightUse }) => weightUse?.name ?? []));
  const count = [...names].reduce((sum, name) => sum + elementCount(dimsOf(plan.index.initializer(name)!)), 0);
  if (names.size === 0 || count > MOST_WEIGHTS) return null;
  const least = (granularity: "channel" | "tensor") => {
    const choices = { ...recipe, weights: { ...recipe.weights, granularity } };
    return Math.min(...[...names].map((name) => evenSqnr(analysePlannedWeight(plan, name, choices))));
  };
  return { channel: least("channel"), tensor: least("tensor") };
}

/** Channels below this share of the largest have no weights to speak of; as in docs/diagnosis.md. */
const DEAD = 1e-6;

/** SQNR with each channel that is not dead counting the same: of the mean of error / signal. */
function evenSqnr({ channels }: WeightAnalysis): number {
  const size = ({ min, max }: WeightAnalysis["channels"][number]) => Math.max(-min, max);
  const largest = channels.reduce((most, channel) => Math.max(most, size(channel)), 0);
  const live = channels.filter((channel) => size(channel) > DEAD * largest);
  return signalToNoise(
    live.length,
    live.reduce((sum, { sqnr }) => sum + 10 ** (-sqnr / 10), 0),
  );
}

/** What a recipe's file takes: counted on the file where that needs no data, else estimated. */
function sizeOf(model: OpenModel, recipe: Recipe): Advice["size"] {
  const plain: Recipe = { ...recipe, corrections: { ...recipe.corrections, bias: "none" } };
  const isSmall = model.bytes <= 4 * MOST_WEIGHTS;
  if (isSmall && !takesRanges(plain) && wantsOfSamples(model, plain).length === 0) {
    const { bytes } = quantizeModel(model, settleAlone(model, plain).recipe);
    return { float: model.bytes, advised: bytes, basis: "Counted on the file, biases not corrected." };
  }
  const plan = planModel(model, recipe);
  const weights = new Set(plan.layers.flatMap(({ weight }) => weight ?? []));
  const bits = weightBits(recipe.weights.type);
  const planned = [...weights].map((name) => elementCount(dimsOf(plan.index.initializer(name)!)) * (32 - bits));
  const kept = plan.stored.flatMap(({ weights: each }) => each).map(({ tensor }) => elementCount(dimsOf(tensor)) * 24);
  const saved = [...planned, ...kept].reduce((sum, each) => sum + each / 8, 0);
  const basis =
    "Estimated: the prepared float model less what its weights save; scales and added nodes are not counted.";
  const float = totalLength(encodeModel(model.folded));
  return { float: model.bytes, advised: Math.max(0, float - Math.floor(saved)), basis };
}
