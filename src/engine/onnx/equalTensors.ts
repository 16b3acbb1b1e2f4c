import type { TensorProto } from "./proto/onnx_pb.ts";
import { rawBytes } from "./tensorBytes.ts";

/** Tensors in groups of those that are the same to the bit, groups of one type and shape beside each other. */
export function equalTensors(tensors: Iterable<TensorProto>): TensorProto[][] {
  const alike = new Map<string, TensorProto[][]>();
  for (const tensor of tensors) {
    const key = JSON.stringify([tensor.dataType, ...tensor.dims.map(Number)]);
    const groups = alike.get(key) ?? [];
    alike.set(key, groups);
    const group = groups.find(([first]) => first && areEqual(rawBytes(first), rawBytes(tensor)));
    if (group) group.push(tensor);
    else groups.push([tensor]);
  }
  return [...alike.values()].flat();
}

function areEqual(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((value, i) => value === b[i]);
}
