import { subgraphsOf } from "../onnx/attributes.ts";
import { equalTensors } from "../onnx/equalTensors.ts";
import { withFields } from "../onnx/messages.ts";
import { renameTensors } from "../onnx/names.ts";
import { allNodes } from "../onnx/opset.ts";
import type { GraphProto, ModelProto } from "../onnx/proto/onnx_pb.ts";
import { deferredOf, rawLength } from "../onnx/tensorBytes.ts";

/** Smaller constants are looked at where they are the float model's own. */
const SHARED_BYTES = 1024;

/**
 * The model with constants that are the same to the bit once in its file, under the name of the first: large ones, and of small ones those
 * that `float`, which it was made of, has too. Scales and zero points keep a name each, which says of what they are. Those that are not in memory,
 * that a graph gives as they are, or whose name a graph within has too, stay. What it computes does not change.
 */
export function shareEqual(model: ModelProto, float: ModelProto): ModelProto {
  const { graph } = model;
  if (!graph) return model;
  const kept = keptNames(graph);
  const own = new Set(float.graph?.initializer.map(({ name }) => name));
  const shared = graph.initializer.filter((tensor) => {
    const bytes = rawLength(tensor);
    const counts = bytes >= SHARED_BYTES || (bytes > 0 && own.has(tensor.name));
    return counts && !kept.has(tensor.name) && !deferredOf(tensor);
  });
  const renames = new Map(
    equalTensors(shared).flatMap(([first, ...others]) => others.map(({ name }) => [name, first!.name] as const)),
  );
  if (renames.size === 0) return model;
  const node = graph.node.map((each) => renameTensors(each, renames));
  const initializer = graph.initializer.filter(({ name }) => !renames.has(name));
  return withFields(model, { graph: withFields(graph, { node, initializer }) });
}

function keptNames(graph: GraphProto): ReadonlySet<string> {
  const names = new Set([...graph.input, ...graph.output].map(({ name }) => name));
  for (const body of [...allNodes(graph)].flatMap(subgraphsOf)) {
    for (const { name } of [...body.input, ...body.initializer]) names.add(name);
    for (const { output } of body.node) for (const name of output) names.add(name);
  }
  return names;
}
