import type { BlocksRequest } from "../../../workers/protocol.ts";
import type { ModelSummary } from "../../engine/model/summary.ts";

export interface GraphNode {
  /** As in the list of layers; a model output, which the list has not, is "output NAME", and a block has its own. */
  readonly id: string;
  readonly kind: "input" | "layer" | "output" | "block";
  /** The operator, or the name of the input, output or block. */
  readonly label: string;
}

/** Who feeds whom. Edges and neighbours are indices of nodes. */
export interface Topology {
  readonly nodes: readonly GraphNode[];
  readonly edges: readonly (readonly [from: number, to: number])[];
  readonly indexOf: ReadonlyMap<string, number>;
  readonly producers: readonly (readonly number[])[];
  readonly consumers: readonly (readonly number[])[];
  /** The same text for the same graph. */
  readonly key: string;
}

/** Model inputs, layers in graph order and model outputs; several tensors between two of them are one edge. */
export function topologyOf({ inputs, outputs, layers, activations }: ModelSummary): Topology {
  const unmade = activations.filter(({ producer }) => producer === null).map(({ name }) => name);
  const inputNames = [...new Set([...inputs.map(({ name }) => name), ...unmade])];
  const nodes: readonly GraphNode[] = [
    ...inputNames.map((name): GraphNode => ({ id: `input ${name}`, kind: "input", label: name })),
    ...layers.map(({ id, operator }): GraphNode => ({ id, kind: "layer", label: operator })),
    ...outputs.map(({ name }): GraphNode => ({ id: `output ${name}`, kind: "output", label: name })),
  ];
  const makers = new Map(inputNames.map((name, index) => [name, index]));
  layers.forEach((layer, index) => {
    for (const tensor of layer.outputs) makers.set(tensor, inputNames.length + index);
  });
  const reads = [
    ...inputNames.map(() => []),
    ...layers.map((layer) => layer.inputs),
    ...outputs.map(({ name }) => [name]),
  ];
  const edges = reads.flatMap((tensors, to) => {
    const from = new Set(tensors.map((tensor) => makers.get(tensor)).filter((maker) => maker !== undefined));
    return [...from].map((maker) => [maker, to] as const);
  });
  return neighboursOf(nodes, edges);
}

/** Nodes and edges with what follows from them. */
export function neighboursOf(nodes: Topology["nodes"], edges: Topology["edges"]): Topology {
  const producers: number[][] = nodes.map(() => []);
  const consumers: number[][] = nodes.map(() => []);
  for (const [from, to] of edges) {
    producers[to]!.push(from);
    consumers[from]!.push(to);
  }
  return {
    ...{ nodes, edges, producers, consumers },
    indexOf: new Map(nodes.map(({ id }, index) => [id, index])),
    key: JSON.stringify([nodes.map(({ id }) => id), edges]),
  };
}

/** A graph as the worker is asked for its blocks. */
export function blocksRequest({ nodes, edges }: Topology): BlocksRequest {
  return { nodes: nodes.map(({ id, kind, label }) => ({ id, label, isLayer: kind === "layer" })), edges };
}
