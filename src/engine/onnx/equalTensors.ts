import { crc32 } from "../values/crc32.ts";
import type { TensorProto } from "./proto/onnx_pb.ts";
import { rawBytes } from "./tensorBytes.ts";

/** By how many of its first bytes a tensor is told from others before all are compared. */
const START_BYTES = 1024;

/** Tensors in groups of those that are the same to the bit, groups of one type and shape beside each other. */
export function equalTensors(tensors: Iterable<TensorProto>): TensorProto[][] {
  const alike = new Map<string, Map<number, TensorProto[][]>>();
  for (const tensor of tensors) {
    const key = JSON.stringify([tensor.dataType, ...tensor.dims.map(Number)]);
    const starts = alike.get(key) ?? new Map<number, TensorProto[][]>();
    alike.set(key, starts);
    const bytes = rawBytes(tensor);
    const start = crc32(bytes.subarray(0, START_BYTES));
    const groups = starts.get(start) ?? [];
    starts.set(start, groups);
    const group = groups.find(([first]) => first && areEqual(rawBytes(first), bytes));
    if (group) group.push(tensor);
    else groups.push([tensor]);
  }
  return [...alike.values()].flatMap((starts) => [...starts.values()].flat());
}

function areEqual(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((value, i) => value === b[i]);
}
