import type { TensorMap } from "../model/tensor.ts";
import { withFields } from "../onnx/messages.ts";
import type { GraphProto, ModelProto } from "../onnx/proto/onnx_pb.ts";

/** What a pass did, for a person: 27, "BatchNormalization layer", "folded into Conv". */
export interface Change {
  readonly count: number;
  readonly noun: string;
  readonly what: string;
  /** The generation of the pass, where it came after the first (`LATEST_PREPARATION`). */
  readonly generation?: number;
}

/** The same model object, and no changes, where there was nothing to do. */
export interface PassResult {
  readonly model: ModelProto;
  readonly changes: readonly Change[];
}

/** Runs a model that has no inputs and gives all of its outputs. */
export type Evaluate = (model: ModelProto) => Promise<TensorMap>;

/** The graph of a model that `decodeModel` accepted. */
export function graphOf(model: ModelProto): GraphProto {
  if (!model.graph) throw new Error("a decoded model has a graph");
  return model.graph;
}

/** The model with fields of its graph replaced. */
export function withGraph(model: ModelProto, changes: Partial<GraphProto>): ModelProto {
  return withFields(model, { graph: withFields(graphOf(model), changes) });
}
