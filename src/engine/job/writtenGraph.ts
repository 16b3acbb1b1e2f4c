import type { BesideGraph, Precision, WrittenGraph } from "../model/modelGraph.ts";
import type { Matching } from "../model/quantizedFile.ts";
import { GraphIndex } from "../onnx/graph.ts";
import type { ReadLayer } from "../quantized/read.ts";
import { recipeType } from "../quantized/scheme.ts";
import { WEIGHT_TYPES } from "../values/codes.ts";
import type { Quantized } from "./quantize.ts";
import type { OpenQuantized } from "./readQuantized.ts";

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
  return graphWith(index, layers);
}

/** The graph of a quantized file, each node with the layer of the float model that it was told to be. */
export function besideGraph(
  { model, layers }: Pick<OpenQuantized, "model" | "layers">,
  { matches }: Matching,
): BesideGraph {
  if (!model.graph) throw new Error("a quantized file that was read has a graph");
  const known = new Map(layers.map((layer) => [layer.id, layer]));
  const own = matches.filter(({ stored }) => known.get(stored)?.within.length === 0);
  const precisions = matches.flatMap(({ stored, float }) => {
    const precision = precisionOf(known.get(stored)!);
    return precision ? [[float, precision] as const] : [];
  });
  const graph = graphWith(new GraphIndex(model.graph), new Map(own.map(({ stored, float }) => [stored, float])));
  return { ...graph, precisions: new Map(precisions) };
}

function precisionOf({ form, weights, reads }: ReadLayer): Precision | null {
  const [weight] = weights;
  const type = form === "float" ? "float32" : weight ? recipeType(weight) : reads[0]?.type;
  return PRECISIONS.find((precision) => precision === type) ?? null;
}

const PRECISIONS = [...WEIGHT_TYPES, "int16", "float16", "bfloat16", "float32"] as const satisfies readonly Precision[];

function graphWith(index: GraphIndex, layers: ReadonlyMap<string, string>): WrittenGraph {
  return {
    inputs: index.inputs.map(({ name }) => name),
    outputs: index.graph.output.map(({ name }) => name),
    nodes: index.graph.node.map((node) => {
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
