import type { GraphLayout } from "../../../workers/protocol.ts";
import type { Topology } from "./topology.ts";

export type Direction = "up" | "down" | "left" | "right";

/**
 * The node one step away: up the nearest producer, down the nearest consumer, left and right the next of those that
 * share a producer or a consumer with it. Null when there is none.
 */
export function step(topology: Topology, { centres }: GraphLayout, from: number, direction: Direction): number | null {
  const here = centres[from]!;
  const aside = direction === "left" ? -1 : 1;
  const distance = (node: number): number => {
    const { x, y } = centres[node]!;
    return direction === "up" || direction === "down"
      ? Math.abs(y - here.y) + Math.abs(x - here.x)
      : aside * (x - here.x) + Math.abs(y - here.y);
  };
  const candidates = neighbours(topology, from, direction);
  const ahead =
    direction === "up" || direction === "down"
      ? candidates
      : candidates.filter((node) => aside * (centres[node]!.x - here.x) > 0);
  return ahead.reduce<number | null>(
    (nearest, node) => (nearest === null || distance(node) < distance(nearest) ? node : nearest),
    null,
  );
}

function neighbours(topology: Topology, from: number, direction: Direction): readonly number[] {
  if (direction === "up") return topology.producers[from]!;
  if (direction === "down") return topology.consumers[from]!;
  return siblings(topology, from);
}

/** The nodes that share a producer or a consumer with this one. */
export function siblings({ producers, consumers }: Topology, node: number): readonly number[] {
  const shared = [
    ...producers[node]!.flatMap((producer) => consumers[producer]!),
    ...consumers[node]!.flatMap((consumer) => producers[consumer]!),
  ];
  return [...new Set(shared)].filter((other) => other !== node);
}
