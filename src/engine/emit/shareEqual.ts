import { equalTensors } from "../onnx/equalTensors.ts";
import { withFields } from "../onnx/messages.ts";
import { renameTensors } from "../onnx/names.ts";
import type { ModelProto } from "../onnx/proto/onnx_pb.ts";
import { deferredOf, rawLength } from "../onnx/tensorBytes.ts";

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
  const large = graph.initializer.filter(
    (tensor) => !ports.has(tensor.name) && rawLength(tensor) >= SHARED_BYTES && !deferredOf(tensor),
  );
  const renames = new Map(
    equalTensors(large).flatMap(([first, ...others]) => others.map(({ name }) => [name, first!.name] as const)),
  );
  if (renames.size === 0) return model;
  const node = graph.node.map((each) => renameTensors(each, renames));
  const initializer = graph.initializer.filter(({ name }) => !renames.has(name));
  return withFields(model, { graph: withFields(graph, { node, initializer }) });
}
