import { withFields } from "../onnx/messages.ts";
import { renameTensors } from "../onnx/names.ts";
import type { ModelProto, TensorProto } from "../onnx/proto/onnx_pb.ts";
import { deferredOf, rawBytes, rawLength } from "../onnx/tensorBytes.ts";

/** Smaller constants are not looked at. */
const SHARED_BYTES = 1024;

/**
 * The model with large constants that are the same to the bit once in its file, under the name of the first. Those that are not in
 * memory, and that a graph gives as they are, stay. What it computes does not change.
 */
export function shareEqual(model: ModelProto): ModelProto {
  const { graph } = model;
  if (!graph) return model;
  const ports = new Set([...graph.input, ...graph.output].map(({ name }) => name));
  const alike = new Map<string, TensorProto[]>();
  const renames = new Map<string, string>();
  for (const tensor of graph.initializer) {
    if (ports.has(tensor.name) || rawLength(tensor) < SHARED_BYTES || deferredOf(tensor)) continue;
    const key = JSON.stringify([tensor.dataType, ...tensor.dims.map(Number)]);
    const others = alike.get(key) ?? [];
    alike.set(key, others);
    const first = others.find((other) => areEqual(rawBytes(other), rawBytes(tensor)));
    if (first) renames.set(tensor.name, first.name);
    else others.push(tensor);
  }
  if (renames.size === 0) return model;
  const node = graph.node.map((each) => renameTensors(each, renames));
  const initializer = graph.initializer.filter(({ name }) => !renames.has(name));
  return withFields(model, { graph: withFields(graph, { node, initializer }) });
}

function areEqual(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((value, at) => value === b[at]);
}
