import type { Recipe } from "../model/recipe.ts";
import { GraphIndex } from "../onnx/graph.ts";
import { withFields } from "../onnx/messages.ts";
import { freshName, tensorNames } from "../onnx/names.ts";
import type { ModelProto, NodeProto } from "../onnx/proto/onnx_pb.ts";
import { tensorOf, tensorProto } from "../onnx/tensor.ts";
import { biasPlace } from "../operators/biasPlace.ts";
import { graphOf, withGraph } from "./pass.ts";

/**
 * The model with numbers added to the biases of layers, one an output channel; a bias of one number is widened to them. Layers it does not
 * have are passed over.
 */
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
    const before = known ? (tensorOf(known).data as Float32Array) : new Float32Array(values.length);
    const length = Math.max(before.length, values.length);
    if ([before.length, values.length].some((each) => each !== 1 && each !== length)) return [];
    const name = freshName(names, `${known?.name ?? `${place.node.output[0]}.bias`}.corrected`);
    const data = Float32Array.from({ length }, (_, i) => before[i % before.length]! + values[i % values.length]!);
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
