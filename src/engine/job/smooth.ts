import { methodOf } from "../encode/ranges.ts";
import { type ScalableInput, scalableInputs } from "../graph/inputScales.ts";
import type { Dataset } from "../model/dataset.ts";
import { takesRanges } from "../model/format.ts";
import { InputError, type JobContext } from "../model/job.ts";
import type { ActivationScheme } from "../model/range.ts";
import { type Recipe, type Smoothed, weightTypeOf } from "../model/recipe.ts";
import type { Runtimes } from "../model/runtime.ts";
import type { Tensor } from "../model/tensor.ts";
import { affineParameters } from "../numerics/affine.ts";
import { chooseRange } from "../numerics/calibrators/index.ts";
import { channelExtremes } from "../numerics/channelExtremes.ts";
import { Observer } from "../numerics/observer.ts";
import { type Coding, type ReadMatrix, type SeenRows, searchSmoothing } from "../numerics/smoothing.ts";
import type { GraphIndex } from "../onnx/graph.ts";
import { dimsOf, tensorOf } from "../onnx/tensor.ts";
import type { LayerPlan, QuantizationPlan } from "../plan/plan.ts";
import { confirmSmoothing, type SmoothedOutputs } from "./confirmSmoothing.ts";
import { equalizedModel, type OpenModel, planModel } from "./open.ts";
import { walkersOf } from "./walkersOf.ts";

/** More samples hardly move the extremes of a channel. */
const SAMPLES = 64;
/** Rows that products are made of, of all samples together. */
const ROWS = 256;
/** As DynamicQuantizeLinear has it. */
const AT_RUN_TIME: ActivationScheme = { type: "uint8", symmetric: false };

/** What was found of a tensor that integer layers read. */
export interface SmoothedInput {
  readonly tensor: string;
  readonly layers: readonly string[];
  /** Null where no alpha gains, so that its channels stay as they are. */
  readonly alpha: number | null;
  readonly sqnr: Smoothed["sqnr"];
}

export interface SmoothingSearch {
  /** As the recipe keeps it. */
  readonly smoothed: NonNullable<Recipe["smoothed"]>;
  readonly inputs: readonly SmoothedInput[];
  readonly samples: number;
  /** What the whole model's outputs gain or lose by it; where they lose nothing is smoothed. Null where nothing would be, or none can be compared. */
  readonly outputs: SmoothedOutputs | null;
  readonly seconds: number;
}

/**
 * Finds by what to divide the channels of tensors that integer layers read, to be made up for by their weights (SmoothQuant,
 * numerics/smoothing.ts), on what the float model makes of the first samples. Throws InputError where the model has no such tensor, or
 * no sample can be read; rejects with AbortError when it is cancelled.
 */
export async function findSmoothing(
  model: OpenModel,
  recipe: Recipe,
  dataset: Dataset,
  samples: number,
  runtimes: Runtimes,
  context: JobContext,
): Promise<SmoothingSearch> {
  const start = performance.now();
  const plain: Recipe = { ...recipe, smoothed: null, unjoined: [], spared: {} };
  const made = equalizedModel(model, plain);
  const plan = planModel(model, plain);
  const pairs = inOrder(scalableInputs(plan.index), plan.index);
  if (pairs.length === 0) {
    throw new InputError(
      `No MatMul or Gemm of ${model.name} reads channels that a normalization, or a layer before it, could be made to divide; leave smoothing out.`,
    );
  }
  const layers = new Map(plan.layers.map((layer) => [layer.node, layer]));
  const exact = made.equalized ? made.observed : made.folded;
  const [walker] = await walkersOf([exact], made, dataset, Math.min(samples, SAMPLES), runtimes.main, unfed);
  const smoothed: Record<string, Smoothed> = {};
  const inputs: SmoothedInput[] = [];
  for (const [done, { tensor, channels, readers }] of pairs.entries()) {
    const integer = readers.flatMap((node) => {
      const layer = layers.get(node);
      return layer?.reason === null ? [layer] : [];
    });
    if (integer.length === 0) continue;
    const report = (part: number) => {
      context.signal.throwIfAborted();
      const share = (done + part) / pairs.length;
      context.report({ task: "Smoothing", done: Math.floor(100 * share), total: 100, unit: "%" });
    };
    report(0);
    const seen: SeenRows[] = [];
    const most = Math.ceil(ROWS / walker.samples);
    for await (const each of walker.stream(tensor, context.signal)) seen.push(seenRows(each, channels, most));
    const matrices = integer.map((layer) => matrixOf(layer, plan, recipe));
    const coding = codingOf(recipe, plan.groupOf.get(tensor) ?? tensor);
    const { alpha, scales, ...sqnr } = await searchSmoothing(seen, matrices, coding, async (part) => {
      report(part);
      await new Promise((resolve) => setTimeout(resolve));
    });
    inputs.push({ tensor, layers: integer.map(({ id }) => id), alpha, sqnr });
    if (alpha !== null) smoothed[tensor] = { alpha, divide: Array.from(scales), sqnr };
  }
  const outputs =
    Object.keys(smoothed).length > 0
      ? await confirmSmoothing(model, recipe, smoothed, dataset, samples, runtimes, context)
      : null;
  const loses = outputs !== null && outputs.after < outputs.before;
  return {
    smoothed: loses ? {} : smoothed,
    inputs,
    samples: walker.samples,
    outputs,
    seconds: (performance.now() - start) / 1000,
  };
}

function unfed(tensor: string): string {
  return `Smoothing cannot read the tensor ${tensor}, which has a type that Octet does not feed; leave smoothing out.`;
}

/** In the order in which the tensors are made. */
function inOrder(pairs: readonly ScalableInput[], index: GraphIndex): ScalableInput[] {
  const places = new Map(index.graph.node.flatMap(({ output }, at) => output.map((name) => [name, at] as const)));
  const placeOf = ({ tensor }: ScalableInput) => places.get(tensor) as number;
  return [...pairs].sort((a, b) => placeOf(a) - placeOf(b));
}

/** A sample's tensor as so many of its rows at most, evenly spaced, and what its channels reach. */
function seenRows(tensor: Tensor, channels: number, most: number): SeenRows {
  const data = tensor.data as Float32Array;
  const count = data.length / channels;
  const chosen = Math.min(count, most);
  const rows = new Float32Array(chosen * channels);
  for (let at = 0; at < chosen; at++) {
    const row = Math.floor((at * count) / chosen);
    rows.set(data.subarray(row * channels, (row + 1) * channels), at * channels);
  }
  return { rows, ...channelExtremes(tensor, -1) };
}

function matrixOf({ id, node, weightUse }: LayerPlan, plan: QuantizationPlan, { weights }: Recipe): ReadMatrix {
  const proto = plan.index.initializer(node.input[1] ?? "");
  if (!proto || weightUse?.axis == null) throw new Error(`${id} has no matrix of weights.`);
  const data = tensorOf(proto).data as Float32Array;
  const outputs = dimsOf(proto)[weightUse.axis] as number;
  const channels = data.length / outputs;
  const turned = (at: number) => data[(at % channels) * outputs + Math.floor(at / channels)] as number;
  return {
    weight: weightUse.axis === 0 ? data : Float32Array.from(data, (_, at) => turned(at)),
    outputs,
    type: weightTypeOf(weights, id),
    perChannel: weights.granularity === "channel",
  };
}

/** How a recipe makes codes of an activation: by one range for all samples, of its method, or by what each sample's values reach. */
function codingOf(recipe: Recipe, group: string): Coding {
  const reachOf = ({ min, max }: SeenRows) => ({
    low: min.reduce((low, value) => Math.min(low, value), Infinity),
    high: max.reduce((high, value) => Math.max(high, value), -Infinity),
  });
  if (!takesRanges(recipe)) {
    return {
      type: AT_RUN_TIME.type,
      affines: (samples) => samples.map((sample) => affineParameters(reachOf(sample), AT_RUN_TIME)),
    };
  }
  const { activations } = recipe;
  const method = methodOf(group, recipe);
  return {
    type: activations.type,
    affines(samples) {
      const observer = new Observer();
      for (const [at, sample] of samples.entries()) {
        const { low, high } = reachOf(sample);
        observer.observe(sample.rows, at);
        observer.observe(Float32Array.of(low, high), at);
      }
      const affine = affineParameters(chooseRange(method, observer.statistics(), activations), activations);
      return samples.map(() => affine);
    },
  };
}
