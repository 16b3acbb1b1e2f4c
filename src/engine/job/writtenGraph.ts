import type { WrittenGraph } from "../model/modelGraph.ts";
import { GraphIndex } from "../onnx/graph.ts";
import type { Quantized } from "./quantize.ts";

/** The graph of a quantized model, each node with the layer of the float model that it computes. */
export function writtenGraph({
  model,
  plan,
  unrounded,
}: Pick<Quantized, "model" | "plan" | "unrounded">): WrittenGraph {
  if (!model.graph) throw new Error("a written model has a graph");
  const index = new GraphIndex(model.graph);
  const layers = new Map<string, string>();
  for (const { id } of plan.layers) {
    const made = unrounded.get(id);
    const maker = made === undefined ? undefined : index.producer(made);
    const node = maker ?? index.node(id);
    if (node && !layers.has(index.id(node))) layers.set(index.id(node), id);
  }
  return {
    inputs: index.inputs.map(({ name }) => name),
    outputs: model.graph.output.map(({ name }) => name),
    nodes: model.graph.node.map((node) => {
      const id = index.id(node);
      return {
        id,
        operator: node.opType,
        inputs: node.input.filter(Boolean),
        outputs: node.output.filter(Boolean),
        layer: layers.get(id) ?? null,
      };
    }),
  };
}
