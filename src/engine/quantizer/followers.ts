import { floatOf } from "../onnx/attributes.ts";
import type { GraphIndex } from "../onnx/graph.ts";
import type { NodeProto } from "../onnx/proto/onnx_pb.ts";
import { dimsOf, tensorOf } from "../onnx/tensor.ts";

/**
 * An operator that works on its producer's unrounded result, with the Q after it:
 * a clamp to [low, high], which is dropped where the quantized range implies it, or the bias added to a MatMul.
 */
export type Follower =
  | { readonly kind: "clamp"; readonly low: number; readonly high: number }
  | { readonly kind: "bias" };

/** The follower that a node is; null when another node or the caller sees what it reads. */
export function followerOf(
  node: NodeProto,
  index: GraphIndex,
  leads: (producer: NodeProto) => boolean,
): Follower | null {
  const follower = clampOf(node, index) ?? biasAddOf(node, index);
  if (!follower) return null;
  const read = node.input.find((name) => name && !index.initializer(name)) ?? "";
  const producer = index.producer(read);
  if (!producer || !leads(producer)) return null;
  if (index.isOutput(read) || index.uses(read).length !== 1) return null;
  if (follower.kind === "bias" && producer.opType !== "MatMul") return null;
  return follower;
}

/** The interval a Relu or Clip clamps to; null for other operators and for bounds computed at run time. */
export function clampOf(node: NodeProto, index: GraphIndex): { kind: "clamp"; low: number; high: number } | null {
  if (node.opType === "Relu") return { kind: "clamp", low: 0, high: Infinity };
  if (node.opType !== "Clip") return null;
  const bound = (position: number, attribute: string, open: number): number | null => {
    const name = node.input[position];
    if (!name) return floatOf(node, attribute) ?? open;
    const constant = index.initializer(name);
    return constant ? Number(tensorOf(constant).data[0]) : null;
  };
  const low = bound(1, "min", -Infinity);
  const high = bound(2, "max", Infinity);
  return low === null || high === null ? null : { kind: "clamp", low, high };
}

function biasAddOf(node: NodeProto, index: GraphIndex): Follower | null {
  if (node.opType !== "Add") return null;
  const constants = node.input.map((name) => index.initializer(name)).filter((found) => found !== undefined);
  const [constant] = constants;
  return constants.length === 1 && constant && dimsOf(constant).length === 1 ? { kind: "bias" } : null;
}
