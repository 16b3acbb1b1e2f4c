import type { Block, Part } from "../../../workers/protocol.ts";
import { neighboursOf, type Topology } from "./topology.ts";

/** A graph as it is drawn: blocks that are closed are one node each. */
export interface Shown {
  readonly topology: Topology;
  /** Which node of what is drawn stands for each node of the whole graph. */
  readonly drawnAs: readonly number[];
  /** The block behind a node of what is drawn; null for a node that is none. */
  readonly blocks: readonly (Block | null)[];
}

/** Nodes up to which a graph opens whole; of a larger one as many blocks are open as leave this many to look at. */
const WHOLE = 150;
const FIRST_LOOK = 60;

/** A graph with the blocks open that are named; the others stand for all that is in them. */
export function shownOf(whole: Topology, parts: readonly Part[], open: ReadonlySet<string>): Shown {
  const drawn: Part[] = [];
  const collect = (part: Part): void => {
    if (typeof part !== "number" && open.has(part.id)) part.parts.forEach(collect);
    else drawn.push(part);
  };
  parts.forEach(collect);
  const drawnAs: number[] = [];
  drawn.forEach((part, index) => {
    for (const node of typeof part === "number" ? [part] : part.nodes) drawnAs[node] = index;
  });
  const nodes = drawn.map((part): Topology["nodes"][number] =>
    typeof part === "number" ? whole.nodes[part]! : { id: part.id, kind: "block", label: part.name },
  );
  const pairs = new Map<number, readonly [number, number]>();
  for (const [from, to] of whole.edges) {
    const [maker, reader] = [drawnAs[from]!, drawnAs[to]!];
    if (maker !== reader) pairs.set(maker * drawn.length + reader, [maker, reader]);
  }
  return {
    topology: neighboursOf(nodes, [...pairs.values()]),
    drawnAs,
    blocks: drawn.map((part) => (typeof part === "number" ? null : part)),
  };
}

/** Every block, those inside others behind them. */
export function allBlocks(parts: readonly Part[]): readonly Block[] {
  return parts.flatMap((part) => (typeof part === "number" ? [] : [part, ...allBlocks(part.parts)]));
}

/** The blocks around a node, the outermost first. */
export function blocksAround(parts: readonly Part[], node: number): readonly Block[] {
  const around: Block[] = [];
  for (let inside = parts; ; ) {
    const block = inside.find((part): part is Block => typeof part !== "number" && part.nodes.includes(node));
    if (!block) return around;
    around.push(block);
    inside = block.parts;
  }
}

/** Which blocks are open when a graph is first looked at: all of a small one, of a large one the large blocks while it stays readable. */
export function firstOpen(parts: readonly Part[], nodes: number): ReadonlySet<string> {
  if (nodes <= WHOLE) return new Set(allBlocks(parts).map(({ id }) => id));
  const open = new Set<string>();
  let shown = parts.length;
  const closed = parts.filter((part): part is Block => typeof part !== "number");
  for (;;) {
    closed.sort((a, b) => a.parts.length - b.parts.length || b.nodes.length - a.nodes.length);
    const next = closed.shift();
    if (!next || shown + next.parts.length - 1 > FIRST_LOOK) return open;
    open.add(next.id);
    shown += next.parts.length - 1;
    closed.push(...next.parts.filter((part): part is Block => typeof part !== "number"));
  }
}
