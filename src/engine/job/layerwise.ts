import { packCodes } from "../encode/foundCodes.ts";
import type { FineTuning, Layerwise } from "../model/finetuning.ts";
import type { JobContext } from "../model/job.ts";
import { type Recipe, weightTypeOf } from "../model/recipe.ts";
import { own } from "../model/record.ts";
import type { LayerForm, LayerProducts, Learner, RoundingTask } from "../model/rounding.ts";
import type { Runtime } from "../model/runtime.ts";
import type { Tensor, TensorMap } from "../model/tensor.ts";
import { biasPlace } from "../operators/biasPlace.ts";
import { targetOf } from "../targets/index.ts";
import { drain, pairsOf } from "../tuning/walker.ts";
import { type ChannelCodes, channelCodes } from "./channelCodes.ts";
import { type LearnableLayer, learnableLayers } from "./layerInputs.ts";
import { equalizedModel, type OpenModel } from "./open.ts";
import { type Quantized, quantizeModel } from "./quantize.ts";
import { walkersOn } from "./walkersOf.ts";
import { fromRows, layerForm, type WeightRows, weightRows } from "./weightRows.ts";

type Tuned = Pick<FineTuning, "codes" | "biases">;

/** Samples as they are seen: those that teach, and those held out. */
export interface LayerSamples {
  readonly taught: readonly TensorMap[];
  readonly held: readonly TensorMap[];
}

/** Products of more inputs take minutes to be factored; such layers keep their learned rounding. */
const MOST_INPUTS = 3072;

/** The layers of 4 bits whose codes are found, in graph order. */
export function layersIn4Bits(quantized: Quantized, recipe: Recipe): LearnableLayer[] {
  return learnableLayers(quantized, recipe).filter(
    ({ plan }) =>
      weightTypeOf(recipe.weights, plan.id) === "int4" &&
      (weightRows(plan, quantized.plan, recipe) as WeightRows).inputs <= MOST_INPUTS,
  );
}

/**
 * Finds codes, scales and zero points of layers of 4 bits one after the other, in graph order: those with which a layer gives on the quantized
 * model's input, earlier layers as found, nearly what the float model's layer gives on its own (`channelCodes`). Where the recipe corrects biases,
 * a layer's bias takes up its mean error. Zero points are 0 where the target's weights of 4 bits have none. `onLayer` has all that is found after
 * each layer; with `resume` it walks again through those that were found. Rejects with AbortError when it is cancelled.
 */
export async function tuneLayers(
  model: OpenModel,
  recipe: Recipe,
  begun: Tuned,
  { taught, held }: LayerSamples,
  resume: Layerwise | null,
  { runtime, learner }: { readonly runtime: Runtime; readonly learner: Learner },
  { context, onLayer }: { readonly context: JobContext; readonly onLayer: (found: Layerwise) => void },
): Promise<Layerwise> {
  const made = equalizedModel(model, recipe);
  const quantizedBy = ({ codes, biases }: Tuned) => quantizeModel(model, { ...recipe, codes, biases });
  let tuned: Tuned = begun;
  const quantized = quantizedBy(tuned);
  const layers = layersIn4Bits(quantized, recipe);
  const isSymmetric = !targetOf(recipe).weights.includes("uint4");
  const [float, rounded] = walkersOn(
    [made.equalized ? made.observed : made.folded, quantized.inOrder],
    made,
    [...taught, ...held],
    runtime,
    (tensor) =>
      `Codes cannot be found: the tensor ${tensor} has a type that Octet does not feed; choose learned rounding.`,
  );
  const views = taught.length + held.length;
  let all: Layerwise = { layers: [], wanted: layers.length, views, found: { codes: {}, biases: {} }, judged: null };
  let share = 0;
  for (const [position, layer] of layers.entries()) {
    const { id } = layer.plan;
    const task = `Fine-tuning ${id}, layer ${position + 1} of ${layers.length}`;
    const report = (part: number) => {
      context.signal.throwIfAborted();
      context.report({ task, done: Math.floor(100 * (share + layer.share * part)), total: 100, unit: "%" });
    };
    report(0);
    const pairs = pairsOf(float.stream(layer.float, context.signal), rounded.stream(layer.quantized, context.signal));
    const before = resume?.layers.find((each) => each.layer === id);
    const known = own(resume?.found?.codes ?? {}, id);
    if (before && known) {
      await drain(pairs);
      const shift = own(resume?.found?.biases ?? {}, id);
      all = withLayer(all, before, known, shift);
    } else {
      const began = performance.now();
      const rows = weightRows(layer.plan, quantized.plan, recipe) as WeightRows;
      const products = await productsOf(layer, rows, quantized, recipe, pairs, taught.length, learner);
      const codes = await channelCodes(rows, products, isSymmetric, report);
      const { noise, loss, shift } = codes;
      const seconds = (performance.now() - began) / 1000;
      const record = { layer: id, weights: rows.weight.length, noise, loss, seconds };
      all = withLayer(all, record, packed(layer, codes), shift ? [...shift] : undefined);
      onLayer(all);
    }
    share += layer.share;
    tuned = withFound(tuned, all);
    rounded.become(quantizedBy(tuned).inOrder);
  }
  return all;
}

/** What there was with what was found in its place. */
export function withFound({ codes, biases }: Tuned, { layers, found }: Layerwise): Tuned {
  const tuned = new Set(layers.map(({ layer }) => layer));
  const kept = Object.fromEntries(Object.entries(biases).filter(([id]) => !tuned.has(id)));
  return { codes: { ...codes, ...found?.codes }, biases: { ...kept, ...found?.biases } };
}

function withLayer(
  all: Layerwise,
  layer: Layerwise["layers"][number],
  codes: Tuned["codes"][string],
  shift: readonly number[] | undefined,
): Layerwise {
  const { codes: others, biases } = all.found as Tuned;
  const found = {
    codes: { ...others, [layer.layer]: codes },
    biases: shift ? { ...biases, [layer.layer]: shift } : biases,
  };
  return { ...all, layers: [...all.layers, layer], found };
}

function packed({ plan }: LearnableLayer, { codes, scales, zeroPoints }: ChannelCodes): Tuned["codes"][string] {
  return packCodes({ codes: fromRows(plan, scales.length, codes), scales, zeroPoints }, "int4");
}

/** What a layer's products depend on: of the first `taught` pairs, and of the others. */
async function productsOf(
  { plan: layer }: LearnableLayer,
  rows: WeightRows,
  { plan }: Quantized,
  recipe: Recipe,
  pairs: AsyncGenerator<readonly [Tensor, Tensor]>,
  taught: number,
  learner: Learner,
): Promise<{ readonly taught: LayerProducts; readonly held: LayerProducts }> {
  const biased = recipe.corrections.bias !== "none" && biasPlace(layer.node, plan.index) !== null;
  let task: RoundingTask | null = null;
  let added = 0;
  try {
    for await (const [float, rounded] of pairs) {
      const form = layerForm(layer, plan, float.dims) as LayerForm;
      task ??= await learner.begin({ ...rows, form, biased });
      if (added++ === taught) await task.hold();
      await task.add(float, rounded);
    }
    if (!task) throw new Error("There was no sample to learn from.");
    return { taught: await task.products("taught"), held: await task.products("held") };
  } finally {
    await task?.dispose();
  }
}
