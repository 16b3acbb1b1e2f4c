import type { Part } from "../../../workers/protocol.ts";
import type { WrittenGraph } from "../../engine/model/modelGraph.ts";
import { neighboursOf, type Topology } from "./topology.ts";

/** The graph of a written model: inputs, nodes in graph order, outputs. */
export function writtenTopology({ inputs, outputs, nodes }: WrittenGraph): Topology {
  const drawn: Topology["nodes"] = [
    ...inputs.map((name) => ({ id: `input ${name}`, kind: "input" as const, label: name })),
    ...nodes.map(({ id, operator }) => ({ id, kind: "layer" as const, label: operator })),
    ...outputs.map((name) => ({ id: `output ${name}`, kind: "output" as const, label: name })),
  ];
  const makers = new Map(inputs.map((name, index) => [name, index]));
  nodes.forEach((node, index) => {
    for (const tensor of node.outputs) makers.set(tensor, inputs.length + index);
  });
  const reads = [...inputs.map(() => []), ...nodes.map((node) => node.inputs), ...outputs.map((name) => [name])];
  const edges = reads.flatMap((tensors, to) => {
    const from = new Set(tensors.flatMap((tensor) => makers.get(tensor) ?? []));
    return [...from].map((maker) => [maker, to] as const);
  });
  return neighboursOf(drawn, edges);
}

/**
 * The blocks of the float model as blocks of the written one: each holds what computes its layers, and with that what was
 * added for it, such as the QuantizeLinear of what a layer makes and the DequantizeLinear of its weight. Layers that
 * became part of others are gone.
 */
export function writtenParts(
  written: WrittenGraph,
  topology: Topology,
  float: Topology,
  parts: readonly Part[],
): readonly Part[] {
  const owners = ownersOf(written, topology, float);
  const own = new Map<number, number[]>();
  const free: number[] = [];
  owners.forEach((owner, node) => {
    if (owner === null) free.push(node);
    else if (own.has(owner)) own.get(owner)!.push(node);
    else own.set(owner, [node]);
  });
  const carried = (part: Part): readonly Part[] => {
    if (typeof part === "number") return own.get(part) ?? [];
    const nodes = part.nodes.flatMap((node) => own.get(node) ?? []).sort((a, b) => a - b);
    return nodes.length === 0 ? [] : [{ ...part, nodes, parts: part.parts.flatMap(carried) }];
  };
  return [...free, ...parts.flatMap(carried)];
}

/** For each node the layer of the float model that it belongs to, by its index there; null for one that reads inputs alone. */
function ownersOf(written: WrittenGraph, topology: Topology, float: Topology): readonly (number | null)[] {
  const owners: (number | null)[] = topology.nodes.map(() => null);
  const first = written.inputs.length;
  written.nodes.forEach(({ layer }, index) => {
    const node = first + index;
    const made = topology.producers[node]!.flatMap((producer) => owners[producer] ?? []);
    owners[node] = (layer === null ? null : float.indexOf.get(layer)) ?? made.reduce<number | null>(later, null);
  });
  topology.nodes.forEach((_, node) => {
    const readers = topology.consumers[node]!;
    const isConstant = topology.nodes[node]!.kind === "layer" && topology.producers[node]!.length === 0;
    if (isConstant && readers.length === 1) owners[node] = owners[readers[0]!] ?? null;
  });
  return owners;
}

function later(most: number | null, owner: number): number {
  return most === null ? owner : Math.max(most, owner);
}
