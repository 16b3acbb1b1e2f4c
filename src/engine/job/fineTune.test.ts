import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { beforeAll, expect, test } from "vitest";
import { nodeDecoders } from "../../../cli/decoders.ts";
import { diskFile } from "../data/testing/files.ts";
import { learners } from "../learning/testing/problems.ts";
import type { BlockLearner, BlockProblem, BlockTask, FineTuning } from "../model/finetuning.ts";
import { InputError, type JobContext } from "../model/job.ts";
import type { Recipe } from "../model/recipe.ts";
import type { Rounding, RoundingProblem, RoundingTask } from "../model/rounding.ts";
import { TensorProto_DataType } from "../onnx/proto/onnx_pb.ts";
import type { LayerPlan } from "../plan/plan.ts";
import { plannedWeight } from "../plan/plannedWeight.ts";
import type { WeightUse } from "../plan/weightUse.ts";
import { missing } from "../recipe/derivations.ts";
import { nodeRuntime } from "../runtime/node.ts";
import { type OpenDataset, openData } from "./data.ts";
import { fineTune } from "./fineTune.ts";
import { learnRounding } from "./learnRounding.ts";
import { defaultRecipe, type OpenModel, openModel } from "./open.ts";
import { quantizeModel } from "./quantize.ts";
import { settle } from "./settle.ts";

const sample = (name: string) => fileURLToPath(new URL(`../../../public/sample/${name}`, import.meta.url));
const { preprocess } = JSON.parse(readFileSync(sample("project.json"), "utf8"));
const runtime = nodeRuntime();
const idle: JobContext = { signal: new AbortController().signal, report: () => undefined };
const SAMPLES = 30;
/** Those held out as they are, and of the others four views each. */
const HELD = 6;
const VIEWS = 4 * (SAMPLES - HELD) + HELD;

let model: OpenModel;
let data: OpenDataset;
let learner: BlockLearner;
let recipe: Recipe;
let rounding: Rounding;

const tune = (by: BlockLearner, resume: FineTuning | null = null, context = idle, samples = SAMPLES) =>
  fineTune(
    model,
    recipe,
    data,
    { samples, steps: 20, from: rounding, resume },
    { runtime, learner: by },
    { context, onPoint: () => undefined, onBlock: () => undefined },
  );

beforeAll(async () => {
  const fileName = "fashion-mnist-dw.onnx";
  const source = { bytes: new Uint8Array(readFileSync(sample(fileName))), fileName, readBeside: async () => null };
  model = await openModel(source, { shapes: {}, values: {} }, runtime, idle);
  const name = "calibration-images-idx3-ubyte.gz";
  data = await openData(model, [diskFile(sample(name), name)], preprocess, nodeDecoders);
  learner = await learners.wasm();
  const open: Recipe = {
    ...defaultRecipe(model),
    weights: { type: "int4", granularity: "channel", rounding: "finetuned" },
    corrections: { equalization: false, bias: "none" },
    preprocess,
  };
  const request = { samples: SAMPLES, calibration: null };
  ({ recipe } = await settle(model, open, data, request, { main: runtime, accelerator: null }, idle));
  const listener = { context: idle, onPoint: () => undefined, onLayer: () => undefined };
  const learning = { samples: SAMPLES - HELD, iterations: 5, resume: null };
  rounding = await learnRounding(model, recipe, data, learning, { runtime, learner }, listener);
}, 60_000);

/** Learns nothing of blocks, and says that it came from one loss to another; where `errs`, takes layers' products for what they are not. */
function claiming(
  before: number,
  after: number,
  errs = false,
): BlockLearner & { readonly held: number[]; added: number } {
  const claims = {
    ...learner,
    async begin(problem: RoundingProblem): Promise<RoundingTask> {
      const task = await learner.begin(problem);
      const products = async (of: "taught" | "held") => {
        const all = await task.products(of);
        return errs ? { ...all, cross: all.cross.map((_, at) => 10 * Math.cos(at)) } : all;
      };
      return { ...task, products };
    },
    held: [] as number[],
    added: 0,
    async beginBlock({ layers }: BlockProblem): Promise<BlockTask> {
      return {
        add: async () => void claims.added++,
        async tune(_, held) {
          claims.held.push(held);
          const tuned = layers.map(({ channels, weight }) => ({
            codes: new Int8Array(weight.length).fill(3),
            scales: new Float32Array(channels).fill(0.5),
            shift: new Float32Array(channels).fill(0.25),
          }));
          return { layers: tuned, before, after, curve: [{ iteration: 1, loss: after }] };
        },
        dispose: async () => undefined,
      };
    },
  };
  return claims;
}

test("what gains on samples held out is kept, and written", async () => {
  const by = claiming(0.5, 0.4);
  const { codes, biases, blocks, wanted, ...of } = await tune(by);
  expect(of).toMatchObject({ samples: SAMPLES, views: VIEWS, steps: 20 });
  expect([blocks.length, by.held, by.added]).toEqual([wanted, blocks.map(() => HELD), wanted * VIEWS]);
  const layers = blocks.flatMap((block) => block.layers);
  expect(blocks.every(({ kept }) => kept)).toBe(true);
  expect(layers.length).toBeGreaterThan(3);
  expect(Object.keys(codes).sort()).toEqual(Object.keys(rounding.rounding).sort());
  const tuned = { ...recipe, codes, biases };
  expect(missing(recipe)).toContain("codes");
  expect(missing(tuned)).not.toContain("codes");
  const { plan } = quantizeModel(model, tuned);
  for (const id of layers) {
    const layer = plan.layers.find((each) => each.id === id) as LayerPlan;
    const encoded = plannedWeight(layer, layer.weightUse as WeightUse, plan, tuned);
    expect(new Set(encoded.codes)).toEqual(new Set([3]));
    expect(new Set(encoded.scales)).toEqual(new Set([0.5]));
    expect(new Set(biases[id])).toEqual(new Set([0.25]));
  }
  const again = await tune(by, { codes, biases, blocks, wanted, ...of });
  expect([by.held.length, again.codes]).toEqual([wanted, codes]);
});

test("layers get codes, scales and zero points of their own, and keep them where the outputs of samples held out are nearer", async () => {
  const { codes, layerwise, blocks } = await tune(claiming(0.4, 0.4));
  const { layers, wanted, found, judged } = layerwise;
  expect([layers.map(({ layer }) => layer), wanted, found]).toEqual([
    Object.keys(rounding.rounding),
    layers.length,
    null,
  ]);
  expect(judged).toMatchObject({ kept: true });
  expect(judged!.after).toBeLessThan(judged!.before);
  expect(blocks.some(({ kept }) => kept)).toBe(false);
  expect(layers.every(({ loss }) => loss > 0 && loss < 0.2)).toBe(true);
  expect(Object.values(codes).every(({ zeroPoints }) => zeroPoints !== undefined)).toBe(true);
  const { plan, model: file } = quantizeModel(model, { ...recipe, codes, biases: {} });
  const [first] = plan.layers.filter(({ id }) => id === layers[0]!.layer);
  const encoded = plannedWeight(first!, first!.weightUse as WeightUse, plan, { ...recipe, codes });
  expect(new Set(encoded.zeroPoints).size).toBeGreaterThan(1);
  const written = file.graph!.initializer.filter(({ name }) => name.endsWith("_zero_point"));
  expect(written.some(({ dataType, dims }) => dataType === TensorProto_DataType.INT4 && dims.length === 1)).toBe(true);
});

test("for a target whose weights have no zero points, there are none", async () => {
  const { codes, layerwise } = await fineTune(
    model,
    { ...recipe, target: "openvino", format: "weights" },
    data,
    { samples: SAMPLES, steps: 1, from: rounding, resume: null },
    { runtime, learner: claiming(0.4, 0.4) },
    { context: idle, onPoint: () => undefined, onBlock: () => undefined },
  );
  expect(layerwise.layers.length).toBeGreaterThan(3);
  expect(Object.values(codes).every(({ zeroPoints }) => zeroPoints === undefined)).toBe(true);
});

test("a run that ends between layers goes on from those that were found, and comes to the same codes", async () => {
  const whole = await tune(claiming(0.4, 0.4));
  const controller = new AbortController();
  const partial: FineTuning[] = [];
  const ended = fineTune(
    model,
    recipe,
    data,
    { samples: SAMPLES, steps: 20, from: rounding, resume: null },
    { runtime, learner: claiming(0.4, 0.4) },
    {
      context: { ...idle, signal: controller.signal },
      onPoint: () => undefined,
      onBlock: (each) => partial.push(each) === 3 && controller.abort(),
    },
  );
  await expect(ended).rejects.toThrow(/abort/i);
  const last = partial.at(-1)!;
  expect([last.layerwise.layers.length, last.layerwise.judged, last.blocks]).toEqual([3, null, []]);
  expect(Object.keys(last.layerwise.found!.codes)).toHaveLength(3);
  const learned = Object.values(last.codes).every(({ zeroPoints }) => zeroPoints === undefined);
  expect(learned).toBe(true);
  const again = await tune(claiming(0.4, 0.4), last);
  expect(again.codes).toEqual(whole.codes);
  expect(again.layerwise.layers.slice(0, 3)).toEqual(last.layerwise.layers);
});

test("what does not gain is left as learned rounding had it", async () => {
  const { codes, biases, layerwise, blocks } = await tune(claiming(0.4, 0.4, true));
  expect(layerwise.judged).toMatchObject({ kept: false });
  expect(blocks.some(({ kept }) => kept)).toBe(false);
  expect(biases).toEqual({});
  const learned: Recipe = {
    ...recipe,
    weights: { ...recipe.weights, rounding: "learned" },
    rounding: rounding.rounding,
  };
  const model4 = (each: Recipe) =>
    [...quantizeModel(model, each).model.graph!.initializer].map(({ rawData }) => rawData);
  expect(model4({ ...recipe, codes, biases })).toEqual(model4(learned));
});

test("where too few samples are left to hold any out, it is refused", async () => {
  await expect(tune(claiming(0.5, 0.4), null, idle, 4)).rejects.toThrow(
    /^Fine-tuning holds out one sample in 5, and 4 could be read: give 5 or more/,
  );
});

test("samples held out that cannot be read are passed over, wherever they are", async () => {
  const broken = {
    ...data,
    get: async (index: number) => {
      if (index === SAMPLES - HELD || index === SAMPLES - HELD + 1) throw new InputError(`${index} is damaged`);
      return data.get(index);
    },
  };
  const { samples, layerwise } = await fineTune(
    model,
    recipe,
    broken,
    { samples: SAMPLES, steps: 1, from: rounding, resume: null },
    { runtime, learner: claiming(0.4, 0.4) },
    { context: idle, onPoint: () => undefined, onBlock: () => undefined },
  );
  expect(samples).toBe(SAMPLES - 2);
  expect(layerwise.views).toBe(4 * (SAMPLES - HELD) + HELD - 2);
  expect(layerwise.judged!.before).toBeGreaterThan(0);
});

test("codes of another weight are refused, and the way out said", () => {
  const [layer = ""] = Object.keys(rounding.rounding);
  const codes = { [layer]: { codes: "AAAA", scales: "AACAPw==" } };
  expect(() => quantizeModel(model, { ...recipe, codes, biases: {} })).toThrow(
    /codes do not fit the weight .* set "codes" to null/,
  );
});

test("a run that is cancelled ends with the reason", async () => {
  const controller = new AbortController();
  const report = ({ task }: { task: string }) => /loss/.test(task) && controller.abort();
  await expect(tune(learner, null, { signal: controller.signal, report })).rejects.toThrow(/abort/i);
});
