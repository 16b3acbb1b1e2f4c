import type { Dataset } from "../model/dataset.ts";
import { InputError } from "../model/job.ts";
import type { Runtime } from "../model/runtime.ts";
import type { TensorMap } from "../model/tensor.ts";
import type { ModelProto } from "../onnx/proto/onnx_pb.ts";
import { toModelFile } from "../onnx/runtimeFile.ts";
import { bytesOf, KEPT_BYTES, Walker, type WalkerParts } from "../tuning/walker.ts";
import type { DataType } from "../values/elementTypes.ts";
import type { OpenModel } from "./open.ts";
import { readableSamples } from "./samples.ts";
import { loadSession } from "./session.ts";

/** Bytes that samples come to that walkers are fed. */
export const FED_BYTES = KEPT_BYTES / 2;

/**
 * Walkers through graphs of a model, one or two, on its first samples, of as many as there is room for; nothing but they holds the
 * samples. `what` says what cannot be done, and the way out, when a tensor has a type that is not fed. Throws InputError when no
 * sample can be read.
 */
export async function walkersOf<const M extends readonly ModelProto[]>(
  models: M,
  model: OpenModel,
  dataset: Dataset,
  samples: number,
  runtime: Runtime,
  what: (tensor: string) => string,
): Promise<{ [K in keyof M]: Walker }> {
  const feeds: TensorMap[] = [];
  let bytes = 0;
  for await (const { sample } of readableSamples(dataset, samples)) {
    feeds.push(sample.feeds);
    bytes += bytesOf(sample.feeds);
    if (bytes > FED_BYTES) break;
  }
  return walkersOn(models, model, feeds, runtime, what);
}

/** Walkers through graphs of a model, one or two, on samples at hand, of which they keep no more than what is still to be read. */
export function walkersOn<const M extends readonly ModelProto[]>(
  models: M,
  model: OpenModel,
  feeds: readonly TensorMap[],
  runtime: Runtime,
  what: (tensor: string) => string,
): { [K in keyof M]: Walker } {
  const added = addedTypes(models);
  const parts: WalkerParts = {
    // Others that quantizing added are float32, where a slice is fed them.
    typeOf(tensor) {
      const type = model.types.get(tensor) ?? added.get(tensor) ?? "float32";
      if (type === "other") throw new InputError(what(tensor));
      return type;
    },
    open: (slice) => loadSession(runtime, toModelFile(slice), { threads: 1 }, `A part of "${model.fileName}"`),
  };
  return models.map((each) => new Walker(each, feeds, parts)) as { [K in keyof M]: Walker };
}

/** Outputs of operators that the format dynamic adds, and more than one layer may read. */
const ADDED: Readonly<Record<string, readonly DataType[]>> = {
  DynamicQuantizeLinear: ["uint8", "float32", "uint8"],
  MatMulInteger: ["int32"],
  ConvInteger: ["int32"],
};

function addedTypes(models: readonly ModelProto[]): ReadonlyMap<string, DataType> {
  const types = new Map<string, DataType>();
  for (const { opType, output } of models.flatMap(({ graph }) => graph?.node ?? [])) {
    for (const [at, type] of (ADDED[opType] ?? []).entries()) if (output[at]) types.set(output[at], type);
  }
  return types;
}
