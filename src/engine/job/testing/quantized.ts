import { heldTensor } from "../../data/constant.ts";
import { printOf } from "../../data/print.ts";
import { widened } from "../../evaluation/widened.ts";
import { run } from "../../graph/testing/native.ts";
import type { Calibration } from "../../model/calibration.ts";
import { InputError, type JobContext } from "../../model/job.ts";
import type { GivenInputs, Recipe } from "../../model/recipe.ts";
import type { TensorMap } from "../../model/tensor.ts";
import { Comparator } from "../../numerics/metrics.ts";
import { decodeModel } from "../../onnx/decode.ts";
import { concat, encodeModel } from "../../onnx/encode.ts";
import type { ModelProto } from "../../onnx/proto/onnx_pb.ts";
import { nodeRuntime } from "../../runtime/node.ts";
import type { OpenDataset } from "../data.ts";
import { type Exported, exportJob } from "../export.ts";
import { defaultRecipe, type OpenModel, openModel } from "../open.ts";
import { settle } from "../settle.ts";

export const runtime = nodeRuntime();
export const context: JobContext = { signal: new AbortController().signal, report: () => undefined };

export const AS_WRITTEN: GivenInputs = { shapes: {}, values: {} };

export function open(model: ModelProto | Uint8Array, inputs: GivenInputs = AS_WRITTEN): Promise<OpenModel> {
  const bytes = model instanceof Uint8Array ? model : concat(encodeModel(model));
  return openModel({ bytes, fileName: "made.onnx", readBeside: async () => null }, inputs, runtime, context);
}

/** Tensors as the samples of a dataset; what the model's other inputs are held at goes with each. */
export function datasetOf({ open: [input], held }: OpenModel, samples: readonly TensorMap[]): OpenDataset {
  const constants = held.map((each) => [each.port.name, heldTensor(each)] as const);
  const dataset: OpenDataset = {
    length: samples.length,
    sourceOf: (index) => `sample ${index}`,
    labels: null,
    notices: [],
    kind: "npy",
    inputs: [],
    files: 1,
    folders: 0,
    classNames: new Map(),
    seed: null,
    input: input!,
    preprocess: null,
    assumed: null,
    get: async (i) => ({ source: `sample ${i}`, feeds: new Map([...constants, ...samples[i]!]) }),
    picture: async () => null,
    variants: async () => {
      throw new InputError("tensors are taken as they are");
    },
    print: async (i) => printOf([...samples[i]!.values()].map(({ data }) => new Uint8Array(data.buffer.slice(0)))),
    withPreprocess: () => dataset,
    withSeed: () => dataset,
  };
  return dataset;
}

/** The default recipe of a model, settled on the first so many of its samples. */
export async function settledOn(model: OpenModel, data: OpenDataset, samples: number): Promise<Recipe> {
  const runtimes = { main: runtime, accelerator: null };
  const request = { samples, calibration: null };
  return (await settle(model, defaultRecipe(model), data, request, runtimes, context)).recipe;
}

export interface Compared extends Exported {
  readonly model: OpenModel;
  readonly calibration: Calibration;
  /** Of each output of floats on the unseen samples, dB: the file written against the file given. */
  readonly sqnr: Readonly<Record<string, number>>;
}

/** Quantizes a model on samples as the command line does, and runs what is written beside what was given on others. */
export async function quantizeAndCompare(
  given: ModelProto | Uint8Array,
  samples: readonly TensorMap[],
  unseen: readonly TensorMap[],
  inputs: GivenInputs = AS_WRITTEN,
  change: Partial<Recipe> = {},
): Promise<Compared> {
  const model = await open(given, inputs);
  const start = { ...defaultRecipe(model), ...change };
  const request = { samples: samples.length, calibration: null };
  const runtimes = { main: runtime, accelerator: null };
  const dataset = datasetOf(model, samples);
  const { recipe, calibration } = await settle(model, start, dataset, request, runtimes, context);
  const exported = exportJob(model, { recipe, calibration, evaluation: null, date: "" });
  const written = decodeModel(concat(exported.quantized.chunks), "written.onnx");
  const comparators = new Map<string, Comparator>();
  for (const feeds of unseen) {
    const all = new Map([...model.held.map((each) => [each.port.name, heldTensor(each)] as const), ...feeds]);
    const [float, quantized] = [widened(await run(model.reference, all)), widened(await run(written, all))];
    for (const [name, { data, type }] of float) {
      if (type !== "float32") continue;
      const comparator = comparators.get(name) ?? new Comparator();
      comparators.set(name, comparator);
      comparator.add(data as Float32Array, quantized.get(name)?.data as Float32Array);
    }
  }
  return {
    ...exported,
    model,
    calibration,
    sqnr: Object.fromEntries([...comparators].map(([name, comparator]) => [name, comparator.result().sqnr])),
  };
}
