import type { GraphIndex } from "../onnx/graph.ts";
import type { NodeProto } from "../onnx/proto/onnx_pb.ts";
import { dimsOf } from "../onnx/tensor.ts";
import { operatorOf } from "../operators/index.ts";
import type { Target } from "../targets/target.ts";
import type { BiasUse } from "./weightUse.ts";

/**
 * An operator that works on its producer's unrounded result, with the Q after it:
 * a clamp to [low, high], which is dropped where the quantized range implies it, the bias added to a MatMul, or the sum of a
 * result, `taken` over unrounded, and a residual.
 */
export type Follower =
  | { readonly kind: "clamp"; readonly low: number; readonly high: number }
  | { readonly kind: "bias" }
  | { readonly kind: "sum"; readonly taken: string };

/** What a follower works on: what its producer made. */
export function readByFollower(
  { node, follower }: { readonly node: NodeProto; readonly follower: Follower | null },
  index: GraphIndex,
): string {
  return follower?.kind === "sum" ? follower.taken : firstMade(node, index);
}

/** The first that a node reads and that is no constant. */
function firstMade({ input }: NodeProto, index: GraphIndex): string {
  return input.find((name) => name && !index.initializer(name)) ?? "";
}

/** The follower that a node is; null when another node or the caller sees what it reads. */
export function followerOf(
  node: NodeProto,
  index: GraphIndex,
  { fusesAdd, fusesClamp, fusesSum }: Target,
  leads: (producer: NodeProto) => boolean,
  biasOf: (producer: NodeProto) => BiasUse | null,
): Follower | null {
  const operator = operatorOf(node, index);
  const clamp = fusesClamp ? operator?.clamp?.(node, index) : null;
  const adds = operator?.adds && addsVector(node, index);
  if (operator?.adds && !clamp && !adds) return sumOf(node, index, fusesSum, leads);
  const follower: Follower | null = clamp ? { kind: "clamp", ...clamp } : adds ? { kind: "bias" } : null;
  if (!follower) return null;
  const read = firstMade(node, index);
  const producer = index.producer(read);
  if (!producer || !leads(producer)) return null;
  if (index.isOutput(read) || index.uses(read).length !== 1) return null;
  if (follower.kind === "clamp") return follower;
  return fusesAdd.has(producer.opType) && biasOf(producer)?.output === node.output[0] ? follower : null;
}

/** The sum of two activations of which a kernel makes one: the later of two, which is the main branch of a residual block. */
function sumOf(
  { input }: NodeProto,
  index: GraphIndex,
  fusesSum: ReadonlySet<string>,
  leads: (producer: NodeProto) => boolean,
): Follower | null {
  if (new Set(input).size < 2 || input.some((name) => index.initializer(name))) return null;
  const position = new Map(index.graph.node.map((node, at) => [node, at]));
  const fused = input.flatMap((name) => {
    const producer = index.producer(name);
    const isOwn = producer && fusesSum.has(producer.opType) && leads(producer);
    const isFree = index.uses(name).length === 1 && !index.isOutput(name);
    return isOwn && isFree ? [{ taken: name, at: position.get(producer) ?? -1 }] : [];
  });
  const last = fused.sort((a, b) => b.at - a.at)[0];
  return last ? { kind: "sum", taken: last.taken } : null;
}

function addsVector(node: NodeProto, index: GraphIndex): boolean {
  const constants = node.input.map((name) => index.initializer(name)).filter((found) => found !== undefined);
  const [constant] = constants;
  return constants.length === 1 && constant !== undefined && dimsOf(constant).length === 1;
}
