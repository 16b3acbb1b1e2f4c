import type { Recipe } from "../model/recipe.ts";
import { GraphIndex } from "../onnx/graph.ts";
import { withFields } from "../onnx/messages.ts";
import { freshName, tensorNames } from "../onnx/names.ts";
import type { ModelProto, NodeProto } from "../onnx/proto/onnx_pb.ts";
import { dimsOf, tensorOf, tensorProto } from "../onnx/tensor.ts";
import { biasPlace } from "../operators/biasPlace.ts";
import { graphOf, withGraph } from "./pass.ts";

/** The model with numbers added to the biases of layers, one an output channel. Layers it does not have are passed over. */
export function applyBiases(model: ModelProto, biases: NonNullable<Recipe["biases"]>): ModelProto {
  const graph = graphOf(model);
  const index = new GraphIndex(graph);
  const names = tensorNames(graph);
  const replaced = new Map<NodeProto, NodeProto>();
  const added = Object.entries(biases).flatMap(([id, values]) => {
    const layer = index.node(id);
    const place = layer && biasPlace(layer, index);
    if (!place) return [];
    const known = index.initializer(place.node.input[place.input] ?? "");
    if (known && dimsOf(known)[0] !== values.length) return [];
    const before = known ? (tensorOf(known).data as Float32Array) : null;
    const name = freshName(names, `${known?.name ?? `${place.node.output[0]}.bias`}.corrected`);
    const data = Float32Array.from(values, (value, i) => (before?.[i] ?? 0) + value);
    const input = [...place.node.input];
    input[place.input] = name;
    replaced.set(place.node, withFields(place.node, { input }));
    return [tensorProto(name, { type: "float32", dims: [data.length], data })];
  });
  return withGraph(model, {
    node: graph.node.map((node) => replaced.get(node) ?? node),
    initializer: [...graph.initializer, ...added],
  });
}
