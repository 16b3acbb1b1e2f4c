import { plural } from "../../engine/values/figures.ts";
import { distinctNames } from "../names.ts";
import type { Precision } from "../parts/Precision.tsx";
import type { Row } from "../state/layers.ts";
import type { Heat } from "./heat.ts";
import type { GraphNode } from "./topology.ts";
import { BOX, type Laid } from "./useLayout.ts";

export interface Box {
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
}

export interface SceneNode extends Box {
  readonly kind: GraphNode["kind"];
  readonly name: string;
  readonly operator: string;
  readonly precision: Precision | null;
  readonly heat: Heat | null;
  /** The row of the list that it stands for; null for one that the list has not. */
  readonly row: Row | null;
}

export interface SceneEdge extends Box {
  readonly from: number;
  readonly to: number;
  readonly path: Path2D;
}

export interface Scene {
  readonly nodes: readonly SceneNode[];
  readonly edges: readonly SceneEdge[];
  /** Whether nodes have the colour of their precision in place of one on the ramp. */
  readonly byPrecision: boolean;
  /** Nodes that a search found, the others being dimmed; null where nothing is searched for. */
  readonly found: ReadonlySet<number> | null;
}

/** The paths of a layout; they outlast any change of colour. */
export function edgesOf({ shown: { topology }, layout }: Laid): readonly SceneEdge[] {
  return topology.edges.map(([from, to], index) => {
    const bends = layout.bends[index]!;
    const xs = bends.map(({ x }) => x);
    const ys = bends.map(({ y }) => y);
    const path = new Path2D();
    bends.forEach(({ x, y }, at) => {
      const next = bends[at + 1];
      if (at === 0) path.moveTo(x, y);
      else if (next && at < bends.length - 2) path.quadraticCurveTo(x, y, (x + next.x) / 2, (y + next.y) / 2);
      else if (next) path.quadraticCurveTo(x, y, next.x, next.y);
      else if (bends.length === 2) path.lineTo(x, y);
    });
    return {
      ...{ from, to, path },
      ...{ left: Math.min(...xs), right: Math.max(...xs), top: Math.min(...ys), bottom: Math.max(...ys) },
    };
  });
}

/** Characters that a node has room for. */
const NAME_ROOM = 19;

/** What the colours and marks of layers tell. */
export interface Looks {
  readonly heatOf: (row: Row) => Heat | null;
  /** By layer, of a model that is not the project's, of which rows do not tell it; null of the project's own. */
  readonly precisions: ReadonlyMap<string, Precision> | null;
}

/** What each node of a layout says and how it is coloured: of a block, the worst in it, and its precision where all have one. */
export function nodesOf(
  { shown: { topology, blocks, drawnAs }, layout }: Laid,
  rows: readonly (Row | null)[],
  looks: Looks,
): readonly SceneNode[] {
  const behind: number[] = [];
  drawnAs.forEach((drawn, node) => {
    behind[drawn] = node;
  });
  const nameOf = (index: number) => {
    const { id, kind, label } = topology.nodes[index]!;
    const row = blocks[index] ? null : rows[behind[index]!];
    return row?.operator === label ? row.name : kind === "layer" && !blocks[index] ? id : label;
  };
  const names = topology.nodes.map((_, index) => nameOf(index));
  const shown = distinctNames(names, NAME_ROOM);
  return topology.nodes.map(({ kind, label }, index): SceneNode => {
    const name = shown.get(names[index]!)!;
    const { x, y } = layout.centres[index]!;
    const place = {
      ...{ left: x - BOX.width / 2, right: x + BOX.width / 2, top: y - BOX.height / 2, bottom: y + BOX.height / 2 },
    };
    const block = blocks[index] ?? null;
    if (block) {
      const inside = block.nodes.flatMap((node) => rows[node] ?? []);
      return { ...place, kind, row: null, name, ...together(inside, block.nodes.length, looks) };
    }
    const row = rows[behind[index]!] ?? null;
    return {
      ...place,
      ...{ kind, row, name },
      operator: kind === "input" ? "Input" : kind === "output" ? "Output" : label,
      ...(row ? lookOf(row, looks) : { precision: null, heat: null }),
    };
  });
}

function lookOf(row: Row, { heatOf, precisions }: Looks): Pick<SceneNode, "precision" | "heat"> {
  return { precision: precisions ? (precisions.get(row.id) ?? null) : row.precision, heat: heatOf(row) };
}

function together(rows: readonly Row[], layers: number, looks: Looks) {
  const all = rows.map((row) => lookOf(row, looks));
  const worst = all.reduce<Heat | null>(
    (worst, { heat }) => (heat && (worst === null || heat.share > worst.share) ? heat : worst),
    null,
  );
  const precisions = new Set(all.map(({ precision }) => precision));
  return {
    operator: plural(layers, "layer"),
    precision: precisions.size === 1 ? [...precisions][0]! : null,
    heat: worst && { ...worst, own: true },
  };
}

export function meets(a: Box, b: Box): boolean {
  return a.left <= b.right && b.left <= a.right && a.top <= b.bottom && b.top <= a.bottom;
}

/** How far a view has to move, in each direction, to show a box with some space around it; 0 where it does. */
export function shiftInto(box: Box, view: Box, space: number): { readonly x: number; readonly y: number } {
  return {
    x: shift(box.left - space, box.right + space, view.left, view.right),
    y: shift(box.top - space, box.bottom + space, view.top, view.bottom),
  };
}

function shift(low: number, high: number, from: number, to: number): number {
  const wide = high - low > to - from;
  if (wide) return (low + high - from - to) / 2;
  return low < from ? low - from : high > to ? high - to : 0;
}
