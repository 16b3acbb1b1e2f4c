import { intOf, stringOf } from "../onnx/attributes.ts";
import type { GraphIndex } from "../onnx/graph.ts";
import { isDefaultDomain } from "../onnx/opset.ts";
import type { NodeProto } from "../onnx/proto/onnx_pb.ts";
import { tensorOf } from "../onnx/tensor.ts";
import { COMPUTE, OPERATOR_RULES, type OperatorRule } from "./operators.ts";

/** The rule of a node: its operator's, except where attributes make a mover compute new values. */
export function ruleOf(node: NodeProto, index: GraphIndex): OperatorRule | null {
  if (!isDefaultDomain(node.domain)) return null;
  if (node.opType === "Resize" && !selectsNearest(node)) return COMPUTE;
  if (node.opType === "Pad" && !padsWithin(node, index)) return COMPUTE;
  return OPERATOR_RULES.get(node.opType) ?? null;
}

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
