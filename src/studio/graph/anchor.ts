import type { Point } from "../../../workers/protocol.ts";
import type { Laid } from "./useLayout.ts";

/**
 * Where something lies in one layout of a graph and in the next, when blocks were opened or closed between: the node given, by its index in the whole graph,
 * else what lies nearest to a point of the first. Null when the two are of different graphs.
 */
export function anchorOf(
  before: Laid,
  after: Laid,
  node: number | null,
  near: Point,
): { readonly from: Point; readonly to: Point } | null {
  const { drawnAs } = before.shown;
  if (drawnAs.length !== after.shown.drawnAs.length) return null;
  const distance = (drawn: number) => {
    const { x, y } = before.layout.centres[drawn]!;
    return Math.hypot(x - near.x, y - near.y);
  };
  let chosen = node ?? 0;
  if (node === null) {
    drawnAs.forEach((drawn, index) => {
      if (distance(drawn) < distance(drawnAs[chosen]!)) chosen = index;
    });
  }
  const from = before.layout.centres[drawnAs[chosen]!];
  const to = after.layout.centres[after.shown.drawnAs[chosen]!];
  return from && to ? { from, to } : null;
}
