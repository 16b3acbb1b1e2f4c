import type { Part } from "../model/deferred.ts";
import { withFields } from "./messages.ts";
import type { ModelProto } from "./proto/onnx_pb.ts";
import { externalTensor } from "./runtimeFile.ts";
import { deferredOf, rawLength } from "./tensorBytes.ts";

/** Smaller constants stay in the model. */
const LEAST_BYTES = 1024;
/** Large tensors begin where a page does, so that they can be mapped into memory (ONNX, external data: "offset"). */
const PAGE = 4096;
const PAGED_FROM = 2 ** 20;

/** A model whose large constants are in a file beside it, and that file. */
export interface ModelAndWeights {
  readonly model: ModelProto;
  readonly parts: readonly Part[];
}

/** Puts the large constants of a model's own graph into a file of a name beside it, in their order. */
export function withWeightsBeside(model: ModelProto, location: string): ModelAndWeights {
  const { graph } = model;
  if (!graph) return { model, parts: [] };
  const parts: Part[] = [];
  let offset = 0;
  const append = (part: Part) => {
    parts.push(part);
    offset += part.byteLength;
  };
  const initializer = graph.initializer.map((tensor) => {
    const length = rawLength(tensor);
    if (length < LEAST_BYTES) return tensor;
    const gap = length < PAGED_FROM ? 0 : -offset % PAGE;
    if (gap !== 0) append(new Uint8Array(PAGE + gap));
    const placed = externalTensor(tensor, { location, offset, length });
    append(deferredOf(tensor) ?? tensor.rawData);
    return placed;
  });
  return { model: withFields(model, { graph: withFields(graph, { initializer }) }), parts };
}
