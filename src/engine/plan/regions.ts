import { isWithoutWeights } from "./candidates.ts";
import type { LayerPlan, QuantizationPlan } from "./plan.ts";

/** Layers without weights that are decided together. */
export interface Region {
  readonly layers: readonly string[];
  /** Whether an output of the model is reached from it through no layer with weights. */
  readonly givesOutput: boolean;
}

/**
 * The layers without weights that a plan quantizes, by region: those that are connected by nothing but layers that move, select
 * or clamp values. Regions and their layers are in the order of the graph.
 */
export function regionsOf({ index, layers }: QuantizationPlan): Region[] {
  const byNode = new Map(layers.map((layer) => [layer.node, layer]));
  const free = layers.filter(joins);
  const parents = new Map(free.map(({ id }) => [id, id]));
  const rootOf = (id: string): string => {
    let root = id;
    for (let parent = parents.get(root)!; parent !== root; parent = parents.get(root)!) root = parent;
    return root;
  };
  /** The tensors that a layer's results come to through layers that `passes` lets through, and the layers that read these. */
  const follow = ({ node }: LayerPlan, passes: (layer: LayerPlan) => boolean) => {
    const tensors = new Set(node.output.filter(Boolean));
    const readers = new Set<LayerPlan>();
    for (const tensor of tensors) {
      for (const consumer of index.consumers(tensor)) {
        const reader = byNode.get(consumer);
        if (!reader) continue;
        readers.add(reader);
        if (passes(reader)) for (const made of consumer.output) if (made) tensors.add(made);
      }
    }
    return { tensors, readers };
  };
  for (const layer of free) {
    for (const { id } of follow(layer, moves).readers) {
      if (parents.has(id)) parents.set(rootOf(id), rootOf(layer.id));
    }
  }
  const regions = new Map<string, { readonly layers: string[]; givesOutput: boolean }>();
  for (const layer of free) {
    const root = rootOf(layer.id);
    const region = regions.get(root) ?? { layers: [], givesOutput: false };
    regions.set(root, region);
    region.layers.push(layer.id);
    region.givesOutput ||= [...follow(layer, withoutWeights).tensors].some((tensor) => index.isOutput(tensor));
  }
  return [...regions.values()];
}

/** Whether a layer without weights is quantized. */
export function joins({ descriptor, weightUse, follower, reason }: LayerPlan): boolean {
  return reason === null && follower === null && descriptor !== null && isWithoutWeights(descriptor, weightUse);
}

function moves({ descriptor, reason }: LayerPlan): boolean {
  return reason === null && (descriptor?.kind === "move" || descriptor?.kind === "activation");
}

function withoutWeights({ descriptor }: LayerPlan): boolean {
  return descriptor?.kind !== "weighted";
}
