import type { Dataset } from "../model/dataset.ts";
import { InputError } from "../model/job.ts";
import type { Runtime } from "../model/runtime.ts";
import type { TensorMap } from "../model/tensor.ts";
import { toModelFile } from "../onnx/runtimeFile.ts";
import { bytesOf, KEPT_BYTES, type WalkerParts } from "../tuning/walker.ts";
import type { OpenModel } from "./open.ts";
import { readableSamples } from "./samples.ts";
import { loadSession } from "./session.ts";

/**
 * What walks through a model and what is made of it, on the first samples, of as many as there is room for. `what` says
 * what cannot be done, and the way out, when a tensor has a type that is not fed. Throws InputError when no sample can be read.
 */
export async function walkerParts(
  model: OpenModel,
  dataset: Dataset,
  samples: number,
  runtime: Runtime,
  what: (tensor: string) => string,
): Promise<WalkerParts> {
  const feeds: TensorMap[] = [];
  let bytes = 0;
  for await (const { sample } of readableSamples(dataset, samples)) {
    feeds.push(sample.feeds);
    bytes += bytesOf(sample.feeds);
    if (bytes > KEPT_BYTES / 2) break;
  }
  return {
    feeds,
    // Tensors that quantizing added are float32, where a slice is fed them.
    typeOf(tensor) {
      const type = model.types.get(tensor) ?? "float32";
      if (type === "other") throw new InputError(what(tensor));
      return type;
    },
    open: (slice) => loadSession(runtime, toModelFile(slice), { threads: 1 }, `A part of "${model.fileName}"`),
  };
}
