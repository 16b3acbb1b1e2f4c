import type { Dataset } from "../model/dataset.ts";
import { inPairs } from "../model/format.ts";
import { InputError } from "../model/job.ts";
import type { Recipe } from "../model/recipe.ts";
import { own } from "../model/record.ts";
import type {
  LayerForm,
  LayerRounding,
  LearnedRounding,
  Learner,
  LossPoint,
  Rounding,
  RoundingListener,
  RoundingProblem,
  RoundingRequest,
  RoundingTask,
} from "../model/rounding.ts";
import type { Runtime } from "../model/runtime.ts";
import type { Tensor } from "../model/tensor.ts";
import { biasPlace } from "../operators/biasPlace.ts";
import { drain, pairsOf } from "../tuning/walker.ts";
import { assertTakesCodes } from "./codesOnly.ts";
import { learnableLayers } from "./layerInputs.ts";
import { equalizedModel, type OpenModel } from "./open.ts";
import { printing } from "./prints.ts";
import { quantizeModel } from "./quantize.ts";
import { walkersOf } from "./walkersOf.ts";
import { layerForm, packRounding, type WeightRows, weightRows } from "./weightRows.ts";

/**
 * Learns for each weight whether it is rounded up or down (AdaRound), layer by layer in graph order: a layer is to give on
 * the quantized model's input, its earlier layers rounded as learned, what the float model gives on its own. Where the recipe corrects
 * biases, a layer's bias takes up its mean error, and goes into the quantized model with its rounding. Layers that
 * cannot be learned are rounded to nearest: those that share their weight, ConvTranspose, and the forms that `layerForm`
 * leaves out. Nothing is kept of samples but what `Walker` keeps; with `resume` it walks again through the layers that were
 * learned, and comes to what it would have come to without a break.
 * Throws InputError as quantizing does, when nothing can be learned, or no sample can be read; rejects with AbortError when
 * it is cancelled, after `onLayer` had all that was learned.
 */
export async function learnRounding(
  model: OpenModel,
  recipe: Recipe,
  dataset: Dataset,
  request: RoundingRequest,
  { runtime, learner }: { readonly runtime: Runtime; readonly learner: Learner },
  { context, onPoint, onLayer }: RoundingListener,
): Promise<Rounding> {
  const start = performance.now();
  const taken = () => (request.resume?.seconds ?? 0) + (performance.now() - start) / 1000;
  assertTakesCodes(recipe, "Learned rounding");
  const made = equalizedModel(model, recipe);
  const quantizedBy = ({ rounding, biases }: Pick<Recipe, "rounding" | "biases">) =>
    quantizeModel(model, {
      ...inPairs(recipe),
      weights: { ...recipe.weights, rounding: "learned" },
      rounding,
      biases,
    });
  const quantized = quantizedBy({ rounding: null, biases: null });
  const layers = learnableLayers(quantized, recipe);
  if (layers.length === 0)
    throw new InputError(`${model.name} has no weight whose rounding can be learned; set rounding to nearest.`);
  context.report({ task: "Learning rounding, reading samples", done: 0, total: 100, unit: "%" });
  const taught = printing(dataset, null);
  const [float, rounded] = await walkersOf(
    [made.equalized ? made.observed : made.folded, quantized.inOrder],
    made,
    taught.dataset,
    request.samples,
    runtime,
    (tensor) =>
      `Rounding cannot be learned: the tensor ${tensor} has a type that Octet does not feed; set rounding to nearest.`,
  );

  let rounding: Rounding = {
    rounding: {},
    biases: {},
    layers: [],
    wanted: layers.length,
    samples: float.samples,
    iterations: request.iterations,
    learner: labelOf(learner, request.resume),
    seconds: 0,
    prints: taught.all,
  };
  let share = 0;
  for (const [position, layer] of layers.entries()) {
    const { id } = layer.plan;
    const task = `Learning rounding of ${id}, layer ${position + 1} of ${layers.length}`;
    const report = (part: number) =>
      context.report({ task, done: Math.floor(100 * (share + layer.share * part)), total: 100, unit: "%" });
    report(0);
    const pairs = pairsOf(float.stream(layer.float, context.signal), rounded.stream(layer.quantized, context.signal));
    const before = request.resume?.layers.find(({ layer }) => layer === id);
    const bits = own(request.resume?.rounding ?? {}, id);
    if (before && bits !== undefined) {
      await drain(pairs);
      rounding = withLayer(rounding, before, bits, own(request.resume?.biases ?? {}, id) ?? null);
    } else {
      const begun = performance.now();
      const told = (point: LossPoint) => {
        report(point.iteration / request.iterations);
        onPoint(id, point);
      };
      const rows = weightRows(layer.plan, quantized.plan, recipe) as WeightRows;
      const problem = (dims: Tensor["dims"]): RoundingProblem => ({
        ...rows,
        form: layerForm(layer.plan, quantized.plan, dims) as LayerForm,
        biased: recipe.corrections.bias !== "none" && biasPlace(layer.plan.node, quantized.plan.index) !== null,
      });
      const learned = await learnLayer(problem, pairs, learner, request.iterations, context.signal, told);
      const { nearest, learned: loss, curve, changed, shift } = learned;
      const record = { layer: id, weights: rows.weight.length, changed, nearest, learned: loss, curve };
      const seconds = (performance.now() - begun) / 1000;
      const packed = packRounding(layer.plan, quantized.plan, learned.up);
      rounding = {
        ...withLayer(rounding, { ...record, seconds }, packed, shift && [...shift]),
        seconds: taken(),
      };
      onLayer(rounding);
    }
    share += layer.share;
    rounded.become(quantizedBy(rounding).inOrder);
  }
  return { ...rounding, seconds: taken() };
}

/** What learned, all of it where a run went on elsewhere. */
function labelOf({ label }: Learner, resume: Rounding | null): string {
  return !resume || resume.learner.endsWith(label) ? label : `${resume.learner}, then ${label}`;
}

function withLayer(rounding: Rounding, layer: LayerRounding, bits: string, shift: readonly number[] | null): Rounding {
  return {
    ...rounding,
    rounding: { ...rounding.rounding, [layer.layer]: bits },
    biases: shift ? { ...rounding.biases, [layer.layer]: shift } : rounding.biases,
    layers: [...rounding.layers, layer],
  };
}

async function learnLayer(
  problem: (dims: Tensor["dims"]) => RoundingProblem,
  pairs: AsyncGenerator<readonly [Tensor, Tensor]>,
  learner: Learner,
  iterations: number,
  signal: AbortSignal,
  onPoint: (point: LossPoint) => void,
): Promise<LearnedRounding> {
  let task: RoundingTask | null = null;
  try {
    for await (const [float, rounded] of pairs) {
      task ??= await learner.begin(problem(float.dims));
      await task.add(float, rounded);
    }
    if (!task) throw new Error("There was no sample to learn from.");
    return await task.learn(iterations, signal, onPoint);
  } finally {
    await task?.dispose();
  }
}
