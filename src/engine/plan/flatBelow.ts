import { floatOf } from "../onnx/attributes.ts";
import type { GraphIndex } from "../onnx/graph.ts";
import { isDefaultDomain } from "../onnx/opset.ts";
import type { NodeProto } from "../onnx/proto/onnx_pb.ts";
import { tensorOf } from "../onnx/tensor.ts";
import { operatorOf } from "../operators/index.ts";

/**
 * Below which value a tensor's values make no difference to anything that reads it: it is multiplied by a gate that is 0
 * there, and read by nothing else. Of x * clip(x + 3, 0, 6) / 6, written out or as HardSwish, and of x * HardSigmoid(x). Null where values tell.
 */
export function flatBelow(tensor: string, index: GraphIndex): number | null {
  if (index.isOutput(tensor)) return null;
  const readers = index.consumers(tensor);
  if (readers.some((node) => !isDefaultDomain(node.domain))) return null;
  const [only] = readers;
  if (readers.length === 1 && only?.opType === "HardSwish") return -3;
  if (readers.length !== 2) return null;
  for (const [gate, product] of [readers, readers.toReversed()] as [NodeProto, NodeProto][]) {
    const end = product.opType === "Mul" ? closedBelow(gate, tensor, product, index) : null;
    if (end !== null) return end;
  }
  return null;
}

/** Below which value of a tensor the gate that begins with a node is 0, where that product and nothing else reads it. */
function closedBelow(first: NodeProto, tensor: string, product: NodeProto, index: GraphIndex): number | null {
  let end: number | null = null;
  let shift = 0;
  let node = first;
  let read = tensor;
  while (node !== product) {
    if (node.opType === "Add" && end === null) {
      const added = scalarBeside(node, read, index);
      if (added === null) return null;
      shift += added;
    } else if (node.opType === "HardSigmoid" && end === null) {
      const [alpha, beta] = [floatOf(node, "alpha") ?? 0.2, floatOf(node, "beta") ?? 0.5];
      if (!(alpha > 0)) return null;
      end = -beta / alpha - shift;
    } else if (node.opType === "Clip" && end === null) {
      if (operatorOf(node, index)?.clamp?.(node, index)?.low !== 0) return null;
      end = -shift;
    } else if (end === null || !isScaled(node, read, index)) {
      return null;
    }
    read = node.output[0] ?? "";
    const [next, ...others] = index.consumers(read);
    if (!next || others.length > 0 || index.isOutput(read)) return null;
    node = next;
  }
  return end !== null && product.input.includes(tensor) && product.input.includes(read) ? end : null;
}

function isScaled(node: NodeProto, read: string, index: GraphIndex): boolean {
  if (node.opType === "Div") return node.input[0] === read && scalarBeside(node, read, index) !== null;
  return node.opType === "Mul" && scalarBeside(node, read, index) !== null;
}

/** The one value of the constant that a node takes beside a tensor. */
function scalarBeside(node: NodeProto, read: string, index: GraphIndex): number | null {
  const constant = index.initializer(node.input.find((name) => name !== read) ?? "");
  const data = constant && tensorOf(constant).data;
  return data?.length === 1 ? Number(data[0]) : null;
}
