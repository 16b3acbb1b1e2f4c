import { graphlib, layout } from "@dagrejs/dagre";
import type { GraphLayout, LayoutRequest, Point } from "./protocol.ts";
import { type Link, type Placed, straighten } from "./straighten.ts";

const SPACING = { nodesep: 18, edgesep: 10, ranksep: 26 };
const MARGIN = 12;

interface Stop extends Placed {
  readonly y: number;
}

/**
 * Layers boxes top to bottom: levels by network simplex (Gansner et al. 1993) and the order on each level are dagre's;
 * the places along a level are ours (straighten.ts), since dagre's grow far apart where many long edges pass. No two
 * boxes overlap.
 */
export function layOut({ boxes, edges, box }: LayoutRequest): GraphLayout {
  const graph = new graphlib.Graph();
  graph.setGraph({ rankdir: "TB", ranker: "network-simplex", ...SPACING });
  for (let index = 0; index < boxes; index++) graph.setNode(String(index), { ...box });
  for (const [from, to] of edges) graph.setEdge(String(from), String(to), {});
  layout(graph);

  const centres = Array.from({ length: boxes }, (_, index): Stop => {
    const { x, y }: Point = graph.node(String(index));
    return { x, y, half: box.width / 2 };
  });
  const crossings = edges.map(([from, to]) => {
    const { points }: { readonly points: readonly Point[] } = graph.edge(String(from), String(to));
    return points.slice(1, -1).map(({ x, y }): Stop => ({ x, y, half: 0 }));
  });
  const links = edges.flatMap(([from, to], index): Link[] => {
    const stops = [centres[from]!, ...crossings[index]!, centres[to]!];
    return stops.slice(1).map((b, before) => ({ a: stops[before]!, b }));
  });
  straighten(levelsOf([...centres, ...crossings.flat()]), links);

  const all = [...centres, ...crossings.flat()];
  const left = all.reduce((least, { x, half }) => Math.min(least, x - half), Number.POSITIVE_INFINITY);
  const right = all.reduce((most, { x, half }) => Math.max(most, x + half), Number.NEGATIVE_INFINITY);
  const top = MARGIN;
  const point = ({ x, y }: Stop, down = 0) => ({ x: x - left + MARGIN, y: y + top + down });
  return {
    width: right - left + 2 * MARGIN,
    height: (graph.graph().height ?? 0) + 2 * top,
    centres: centres.map((centre) => point(centre)),
    bends: edges.map(([from, to], index) => [
      point(centres[from]!, box.height / 2),
      ...crossings[index]!.map((crossing) => point(crossing)),
      point(centres[to]!, -box.height / 2),
    ]),
  };
}

/** What stands at one height, from left to right; levels from the top. */
function levelsOf(stops: readonly Stop[]): readonly (readonly Stop[])[] {
  const levels = new Map<number, Stop[]>();
  for (const stop of stops) {
    const level = levels.get(stop.y);
    if (level) level.push(stop);
    else levels.set(stop.y, [stop]);
  }
  const ordered = [...levels].sort(([a], [b]) => a - b).map(([, level]) => level);
  for (const level of ordered) level.sort((a, b) => a.x - b.x);
  return ordered;
}
