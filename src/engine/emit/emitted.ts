import type { Numbers } from "../encode/numbers.ts";
import type { ModelProto } from "../onnx/proto/onnx_pb.ts";
import type { QuantizationPlan } from "../plan/plan.ts";

/** What a writer makes of a plan and its numbers. */
export interface Emitted {
  readonly model: ModelProto;
  /** What each layer written makes first, before it is rounded, by the layer's id. */
  readonly unrounded: ReadonlyMap<string, string>;
  /** The tensor that holds the rounded values of each quantized activation. */
  readonly rounded: ReadonlyMap<string, string>;
}

/** Writes a format: turns the graph of a plan and its numbers into a model, and decides nothing. Same arguments, same bytes. */
export type Writer = (model: ModelProto, plan: QuantizationPlan, numbers: Numbers) => Emitted;
