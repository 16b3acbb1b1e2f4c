import { intOf, stringOf } from "../onnx/attributes.ts";
import type { GraphIndex } from "../onnx/graph.ts";
import type { NodeProto } from "../onnx/proto/onnx_pb.ts";
import { tensorOf } from "../onnx/tensor.ts";
import type { Operator } from "./operator.ts";

const COMPUTES: Operator = { kind: "compute", operands: "first" };

/** Gives some of its values, or some more than once. */
export const SELECTS: Operator = { kind: "move" };

export const GATHER_ELEMENTS: Operator = { kind: "move", isLate: true };

/** Gives each value once. */
export const REARRANGES: Operator = { kind: "move", holds: () => "first" };

export const FLATTEN: Operator = {
  ...REARRANGES,
  passage: (node) => ((intOf(node, "axis") ?? 1) === 1 ? { kind: "flattened", shifts: false } : null),
};

export const MAX_POOL: Operator = { kind: "move", passage: () => ({ kind: "pooled", shifts: false }) };

export const RESIZE: Operator = { kind: "move", variant: (node) => (selectsNearest(node) ? null : COMPUTES) };

export const PAD: Operator = { kind: "move", variant: (node, index) => (padsWithin(node, index) ? null : COMPUTES) };

/** Whether a Resize only repeats or picks values; the other modes average or extrapolate. */
function selectsNearest(node: NodeProto): boolean {
  const crops = stringOf(node, "coordinate_transformation_mode") === "tf_crop_and_resize";
  return (stringOf(node, "mode") ?? "nearest") === "nearest" && intOf(node, "antialias") !== 1 && !crops;
}

/** Whether a Pad adds only zeros or values its input has. */
function padsWithin(node: NodeProto, index: GraphIndex): boolean {
  if ((stringOf(node, "mode") ?? "constant") !== "constant") return true;
  const name = node.input[2];
  if (!name) return true;
  const value = index.initializer(name);
  return value !== undefined && Number(tensorOf(value).data[0]) === 0;
}
