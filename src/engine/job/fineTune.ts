import { packCodes } from "../encode/foundCodes.ts";
import { graphOf } from "../graph/pass.ts";
import { sliceModel } from "../graph/slice.ts";
import type { Dataset } from "../model/dataset.ts";
import type {
  BlockLayer,
  BlockLearner,
  BlockProblem,
  BlockTask,
  BlockTuning,
  FineTuneListener,
  FineTuneRequest,
  FineTuning,
  Layerwise,
  TunedBlock,
  TunedLayer,
} from "../model/finetuning.ts";
import { inPairs } from "../model/format.ts";
import { InputError } from "../model/job.ts";
import type { Recipe } from "../model/recipe.ts";
import { own } from "../model/record.ts";
import type { LayerForm } from "../model/rounding.ts";
import type { Runtime, Session } from "../model/runtime.ts";
import type { Tensor, TensorMap } from "../model/tensor.ts";
import { GraphIndex } from "../onnx/graph.ts";
import type { ModelProto, TensorProto } from "../onnx/proto/onnx_pb.ts";
import { toModelFile } from "../onnx/runtimeFile.ts";
import { tensorOf } from "../onnx/tensor.ts";
import { biasPlace } from "../operators/biasPlace.ts";
import type { LayerPlan } from "../plan/plan.ts";
import { plannedWeight } from "../plan/plannedWeight.ts";
import type { WeightUse } from "../plan/weightUse.ts";
import { type PlannedBlock, partOf, tunableRuns } from "./blocks.ts";
import { learnableLayers } from "./layerInputs.ts";
import { layersIn4Bits, tuneLayers, withFound } from "./layerwise.ts";
import { equalizedModel, type OpenModel } from "./open.ts";
import { OutputJudge } from "./outputJudge.ts";
import { printing } from "./prints.ts";
import { type Quantized, quantizeModel } from "./quantize.ts";
import { loadSession } from "./session.ts";
import { Views } from "./views.ts";
import { FED_BYTES } from "./walkersOf.ts";
import { fromRows, inRows, layerForm, type WeightRows, weightRows } from "./weightRows.ts";

/** What is kept of all samples for a block: what it reads and makes. Earlier layers read more, and few weights are theirs. */
const KEPT_BYTES = 64 * 2 ** 20;
const NONE: Layerwise = { layers: [], wanted: 0, views: 0, found: null, judged: null };

/**
 * Tunes codes, scales, zero points and biases of layers of 4 bits: layer by layer (`tuneLayers`), kept where the model's outputs are nearer to
 * the float model's than with learned rounding, on samples held out, as they are; and then block by block, in graph order: a block is to make of what
 * it is fed in the quantized model, with earlier blocks tuned, what it makes in the float model. Pictures are seen in crops, too. A block
 * keeps what it learned where that gains on samples held out. Of each run of layers that can be tuned together the block is the longest
 * part up to its end whose samples fit in memory.
 * Throws InputError as quantizing does, where nothing can be tuned, or no sample can be read; rejects with AbortError when it is
 * cancelled, after `onBlock` had all that was tuned.
 */
export async function fineTune(
  model: OpenModel,
  recipe: Recipe,
  dataset: Dataset,
  { samples, steps, from, resume }: FineTuneRequest,
  { runtime, learner }: { readonly runtime: Runtime; readonly learner: BlockLearner },
  { context, onPoint, onBlock }: FineTuneListener,
): Promise<FineTuning> {
  const start = performance.now();
  const made = equalizedModel(model, recipe);
  const float = made.equalized ? made.observed : made.folded;
  const quantizedBy = ({ codes, biases }: Pick<FineTuning, "codes" | "biases">) =>
    quantizeModel(model, { ...inPairs(recipe), codes, biases });
  const begun = { codes: roundedCodes(model, recipe, from.rounding), biases: from.biases };
  let tuning: FineTuning = resume ?? {
    ...{ ...begun, layerwise: NONE, blocks: [], wanted: 0, samples: 0, views: 0, steps },
    ...{ learner: learner.label, seconds: 0, prints: null },
  };
  const taken = () => (resume?.seconds ?? 0) + (performance.now() - start) / 1000;
  context.report({ task: "Fine-tuning, reading samples", done: 0, total: 100, unit: "%" });
  const quantized = quantizedBy(begun);
  const runs = tunableRuns(quantized, recipe);
  const taught = printing(dataset, null);
  const views = new Views(taught.dataset, samples, recipe, context.signal);
  const dims = await dimsIn(float, runs, views, made, runtime);
  const blocks = blocksOf(runs, dims, views.most);
  if (blocks.length === 0 && layersIn4Bits(quantized, recipe).length === 0) {
    throw new InputError(`${model.name} has no weights that can be tuned; choose learned rounding.`);
  }
  const told = (layerwise: Layerwise): FineTuning => ({
    ...tuning,
    layerwise,
    wanted: blocks.length,
    samples: views.samples,
    views: views.count,
    seconds: taken(),
    prints: taught.all,
  });
  if (!tuning.layerwise.judged) {
    const seen = await views.within(FED_BYTES);
    const onLayer = (layerwise: Layerwise) => onBlock(told(layerwise));
    const by = { runtime, learner };
    const found = await tuneLayers(model, inPairs(recipe), begun, seen, tuning.layerwise, by, { context, onLayer });
    const tuned = withFound(begun, found);
    const { heldOut } = views;
    const judge = await OutputJudge.open(model, heldOut, heldOut.length, runtime, context);
    const errorOf = async ({ codes, biases }: Pick<FineTuning, "codes" | "biases">) => {
      const { deciding } = await judge.noise({ ...inPairs(recipe), codes, biases }, heldOut.length);
      return deciding.reduce((sum, error) => sum + error, 0) / deciding.length;
    };
    const [before, after] = [await errorOf(begun), await errorOf(tuned)];
    const kept = after < before;
    tuning = { ...told({ ...found, found: null, judged: { before, after, kept } }), ...(kept ? tuned : begun) };
    onBlock(tuning);
  }
  for (const [at, block] of blocks.entries()) {
    if (at < tuning.blocks.length) continue;
    const began = performance.now();
    const task = `Fine-tuning block ${at + 1} of ${blocks.length}, ${block.layers[0]?.id} to ${block.layers.at(-1)?.id}`;
    const report = (part: number, loss: number | null) => {
      const words = loss === null ? task : `${task}, loss ${loss.toPrecision(3)}`;
      context.report({ task: words, done: Math.floor((100 * (at + part)) / blocks.length), total: 100, unit: "%" });
    };
    report(0, null);
    const quantized = quantizedBy(tuning);
    const problem = problemOf(block, quantized, recipe, tuning, dims);
    const read = (from: ModelProto, tensor: string) => untilTensor(from, tensor, made, runtime);
    const sessions = [
      await read(quantized.inOrder, quantized.rounded.get(block.from) ?? block.from),
      await read(float, block.to),
    ] as const;
    let learning: BlockTask | null = null;
    try {
      learning = await learner.beginBlock(problem);
      for await (const feeds of views.all()) {
        context.signal.throwIfAborted();
        const [input, output] = [await sessions[0](feeds), await sessions[1](feeds)];
        await learning.add(input, output);
      }
      const tuned = await learning.tune(steps, views.held, context.signal, (point) => {
        report(point.iteration / steps, point.loss);
        onPoint(
          block.layers.map(({ id }) => id),
          point,
        );
      });
      tuning = withBlock(tuning, block, problem, tuned, quantized, (performance.now() - began) / 1000);
    } finally {
      await learning?.dispose();
      for (const { end } of sessions) await end();
    }
    tuning = told(tuning.layerwise);
    onBlock(tuning);
  }
  return tuning;
}

/** Of each run the longest part up to its end whose samples fit in memory. */
function blocksOf(
  runs: readonly PlannedBlock[],
  dims: ReadonlyMap<string, Tensor["dims"]>,
  views: number,
): PlannedBlock[] {
  const sizeOf = (tensor: string) => (dims.get(tensor) ?? [Infinity]).reduce((size, each) => size * each, 4);
  return runs.flatMap((run) => {
    const starts = [{ tensor: run.from, layers: 0, isPicture: run.readsPicture }, ...run.cuts];
    const first = starts.find(
      ({ tensor, layers, isPicture }) =>
        layers < run.layers.length &&
        (sizeOf(tensor) + sizeOf(run.to)) * views <= KEPT_BYTES &&
        isPicture === (dims.get(tensor)?.length === 4),
    );
    return first ? [partOf(run, first.tensor, run.to)] : [];
  });
}

/** What learned rounding comes to as codes and scales. */
function roundedCodes(
  model: OpenModel,
  recipe: Recipe,
  rounding: NonNullable<Recipe["rounding"]>,
): FineTuning["codes"] {
  const learned: Recipe = {
    ...inPairs(recipe),
    weights: { ...recipe.weights, rounding: "learned" },
    rounding,
    biases: null,
  };
  const quantized = quantizeModel(model, learned);
  const layers = learnableLayers(quantized, learned).filter(({ plan }) => own(rounding, plan.id) !== undefined);
  return Object.fromEntries(
    layers.map(({ plan }) => {
      const encoded = plannedWeight(plan, plan.weightUse as WeightUse, quantized.plan, learned);
      return [plan.id, packCodes(encoded, encoded.type)];
    }),
  );
}

/** Runs a graph to one of its tensors. */
async function untilTensor(graph: ModelProto, tensor: string, model: OpenModel, runtime: Runtime) {
  const index = new GraphIndex(graphOf(graph));
  const at = index.graph.node.findIndex(({ output }) => output.includes(tensor)) + 1;
  if (at === 0) {
    const fed = async (feeds: TensorMap) => feeds.get(tensor) as Tensor;
    return Object.assign(fed, { end: async () => undefined });
  }
  const session = await sessionOf(graph, index, at, [tensor], model, runtime);
  const fed = new Set(index.inputs.map(({ name }) => name));
  const run = async (feeds: TensorMap) =>
    (await session.run(new Map([...feeds].filter(([name]) => fed.has(name))))).get(tensor) as Tensor;
  return Object.assign(run, { end: () => session.dispose() });
}

function sessionOf(
  graph: ModelProto,
  index: GraphIndex,
  at: number,
  outputs: readonly string[],
  model: OpenModel,
  runtime: Runtime,
): Promise<Session> {
  const slice = sliceModel(graph, index, [0, at], outputs, (tensor) => {
    const type = model.types.get(tensor) ?? "float32";
    if (type !== "other") return type;
    throw new InputError(
      `Fine-tuning cannot feed the tensor ${tensor}, whose type it does not know; choose learned rounding.`,
    );
  });
  return loadSession(runtime, toModelFile(slice), { threads: 1 }, `A part of "${model.fileName}"`);
}

/** Dimensions of where runs can be cut, on the first sample. */
async function dimsIn(
  float: ModelProto,
  runs: readonly PlannedBlock[],
  views: Views,
  model: OpenModel,
  runtime: Runtime,
): Promise<ReadonlyMap<string, Tensor["dims"]>> {
  const index = new GraphIndex(graphOf(float));
  const made = new Set(index.graph.node.flatMap(({ output }) => output));
  const read = runs.flatMap((run) =>
    run.layers.map(({ node, weightUse }) => node.input[1 - (weightUse?.input ?? 1)] ?? ""),
  );
  const wanted = [
    ...new Set([...runs.flatMap(({ from, to, cuts }) => [from, to, ...cuts.map((cut) => cut.tensor)]), ...read]),
  ];
  const outputs = wanted.filter((tensor) => made.has(tensor));
  if (outputs.length === 0) return new Map();
  const session = await sessionOf(float, index, index.graph.node.length, outputs, model, runtime);
  try {
    for await (const feeds of views.all()) {
      const fed = new Map([...feeds].filter(([name]) => index.inputs.some((input) => input.name === name)));
      const tensors = await session.run(fed);
      return new Map([...feeds, ...tensors].map(([name, { dims }]) => [name, dims]));
    }
    return new Map();
  } finally {
    await session.dispose();
  }
}

function problemOf(
  { layers, steps }: PlannedBlock,
  { plan }: Quantized,
  recipe: Recipe,
  { codes }: FineTuning,
  dims: ReadonlyMap<string, Tensor["dims"]>,
) {
  return {
    steps,
    layers: layers.map((planned) => {
      const layer = plan.layers.find(({ id }) => id === planned.id) as LayerPlan;
      const rows = weightRows(layer, plan, recipe) as WeightRows;
      const use = layer.weightUse as WeightUse;
      const encoded = plannedWeight(layer, use, plan, { ...recipe, codes });
      const input = layer.node.input[1 - use.input] ?? "";
      return {
        ...rows,
        form: layerForm(layer, plan, dims.get(input) ?? []) as LayerForm,
        codes: inRows(layer, rows.channels, encoded.codes as Int8Array),
        zeroPoints: encoded.zeroPoints as Int8Array | null,
        scales: encoded.scales.length === rows.channels ? encoded.scales : rows.scales,
        bias: biasOf(layer, plan.index, rows.channels),
      };
    }),
  };
}

/** A layer's own bias, corrected; zeros where it has none and can; null where one cannot be told. */
function biasOf({ node }: LayerPlan, index: GraphIndex, channels: number): Float32Array | null {
  const place = biasPlace(node, index);
  if (!place || place.node !== node) return null;
  const known = index.initializer(node.input[place.input] ?? "");
  return known ? (tensorOf(known as TensorProto).data as Float32Array) : new Float32Array(channels);
}

/** Keeps what a block learned where it is better on what was held out. */
function withBlock(
  tuning: FineTuning,
  block: PlannedBlock,
  problem: BlockProblem,
  { layers, before, after, curve }: TunedBlock,
  { plan }: Quantized,
  seconds: number,
): FineTuning {
  const kept = after < before;
  const ids = block.layers.map(({ id }) => id);
  const record: BlockTuning = { layers: ids, before, after, kept, curve, seconds };
  if (!kept) return { ...tuning, blocks: [...tuning.blocks, record] };
  const codes = { ...tuning.codes };
  const biases = { ...tuning.biases };
  for (const [at, id] of ids.entries()) {
    const { codes: rows, scales, shift } = layers[at] as TunedLayer;
    const layer = plan.layers.find((each) => each.id === id) as LayerPlan;
    const { zeroPoints } = problem.layers[at] as BlockLayer;
    codes[id] = packCodes({ codes: fromRows(layer, scales.length, rows), scales, zeroPoints }, "int4");
    if (shift) {
      const before = own(biases, id);
      biases[id] = [...shift].map((value, channel) => Math.fround(value + (before?.[channel] ?? 0)));
    }
  }
  return { ...tuning, codes, biases, blocks: [...tuning.blocks, record] };
}
