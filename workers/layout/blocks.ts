import type { Block, BlocksRequest, Part } from "../protocol.ts";
import { repeatsOf } from "./repeats.ts";

/** Parts of which more are made blocks by repeated structure. */
const MANY = 24;
/** A block of fewer nodes hides nothing. */
const LEAST = 3;

type Edges = BlocksRequest["edges"];

/**
 * What of a graph can be drawn as one: the scopes of its layers' names (`/encoder/layer.0/attention`), and where there are many
 * nodes side by side, structure that repeats. A scope that could not be one node without edges going round in a circle
 * is none, and what is in it lies where the scope lay. So whichever blocks are open, the graph has a top and a bottom.
 */
export function blocksOf({ nodes, edges }: BlocksRequest): readonly Part[] {
  const layers = nodes.flatMap(({ isLayer }, index) => (isLayer ? [index] : []));
  const names = new Map(layers.map((index) => [index, scopesOf(nodes[index]!.id)]));
  const isScope = (inside: readonly number[]) => new Set(inside.map((index) => nodes[index]!.label)).size > 1;
  const scopes = scoped(layers, names, isScope, []);
  const others = nodes.flatMap(({ isLayer }, index) => (isLayer ? [] : [index]));
  const label = (part: Part) => (typeof part === "number" && nodes[part]!.isLayer ? nodes[part]!.label : null);
  return settled([...others, ...scopes], edges, label, (index) => nodes[index]!.id);
}

/** "/layers.0/attn/MatMul" is in "layers.0" and there in "attn"; without slashes dots part. */
function scopesOf(id: string): readonly string[] {
  const parts = id.split(id.includes("/") ? "/" : ".").filter((part) => part !== "");
  return parts.slice(0, -1);
}

/** Layers by the scope that comes next after `path`. */
function scoped(
  layers: readonly number[],
  names: ReadonlyMap<number, readonly string[]>,
  isScope: (inside: readonly number[]) => boolean,
  path: readonly string[],
): readonly Part[] {
  const inside = new Map<string, number[]>();
  const own: number[] = [];
  for (const layer of layers) {
    const scope = names.get(layer)![path.length];
    if (scope === undefined) own.push(layer);
    else if (inside.has(scope)) inside.get(scope)!.push(layer);
    else inside.set(scope, [layer]);
  }
  const blocks = [...inside].flatMap(([scope, members]): readonly Part[] => {
    const within = [...path, scope];
    const parts = scoped(members, names, isScope, within);
    if (parts.length === 1 || members.length < LEAST || members.length === names.size || !isScope(members))
      return parts;
    return [{ id: `scope ${within.join("/")}`, name: within.join("/"), parts, nodes: members }];
  });
  return [...own, ...blocks];
}

/** Parts without blocks that cannot be one node, with those of repeated structure, and the same inside each block. */
function settled(
  parts: readonly Part[],
  edges: Edges,
  label: (part: Part) => string | null,
  idOf: (node: number) => string,
): readonly Part[] {
  let current = parts;
  for (let round = roundOf(current, edges); round.length > 0; round = roundOf(current, edges)) {
    const gone = new Set(
      [...round].sort((a, b) => a.nodes.length - b.nodes.length).slice(0, Math.ceil(round.length / 4)),
    );
    current = current.flatMap((part) => (typeof part !== "number" && gone.has(part) ? part.parts : [part]));
  }
  const ordered = inOrder(current, edges);
  return grouped(ordered, edges, label, idOf).map((part) => {
    if (typeof part === "number") return part;
    const members = new Set(part.nodes);
    const own = edges.filter(([from, to]) => members.has(from) && members.has(to));
    const inner = settled(part.parts, own, label, idOf);
    return inner.length === 1 && typeof inner[0] !== "number"
      ? { ...part, parts: inner[0]!.parts }
      : { ...part, parts: inner };
  });
}

/** For each part which others it reads. */
function readsOf(parts: readonly Part[], edges: Edges): readonly ReadonlySet<number>[] {
  const partOf = new Map<number, number>();
  parts.forEach((part, index) => {
    for (const node of typeof part === "number" ? [part] : part.nodes) partOf.set(node, index);
  });
  const reads: Set<number>[] = parts.map(() => new Set());
  for (const [from, to] of edges) {
    const [maker, reader] = [partOf.get(from)!, partOf.get(to)!];
    if (maker !== reader) reads[reader]!.add(maker);
  }
  return reads;
}

/** The blocks that edges go round through, or between two such rounds; none where there is a top and a bottom. */
function roundOf(parts: readonly Part[], edges: Edges): readonly Block[] {
  const reads = readsOf(parts, edges);
  const readers: number[][] = parts.map(() => []);
  reads.forEach((makers, reader) => {
    for (const maker of makers) readers[maker]!.push(reader);
  });
  const down = reachedFrom(
    reads.map((makers) => makers.size),
    readers,
  );
  const up = reachedFrom(
    readers.map(({ length }) => length),
    reads.map((makers) => [...makers]),
  );
  return parts.flatMap((part, index) => (typeof part === "number" || down.has(index) || up.has(index) ? [] : [part]));
}

function reachedFrom(waits: number[], next: readonly (readonly number[])[]): ReadonlySet<number> {
  const reached = new Set(waits.flatMap((wait, index) => (wait === 0 ? [index] : [])));
  for (const index of reached) for (const other of next[index]!) if (--waits[other]! === 0) reached.add(other);
  return reached;
}

/** Parts after all that they read; where that leaves a choice, in graph order. */
function inOrder(parts: readonly Part[], edges: Edges): readonly Part[] {
  const first = (part: Part) => (typeof part === "number" ? part : part.nodes[0]!);
  const sorted = [...parts].sort((a, b) => first(a) - first(b));
  const reads = readsOf(sorted, edges);
  const readers: number[][] = sorted.map(() => []);
  reads.forEach((makers, reader) => {
    for (const maker of makers) readers[maker]!.push(reader);
  });
  const waits = reads.map((makers) => makers.size);
  const ready = waits.flatMap((wait, index) => (wait === 0 ? [index] : []));
  const ordered: Part[] = [];
  while (ready.length > 0) {
    let least = 0;
    for (let at = 1; at < ready.length; at++) if (ready[at]! < ready[least]!) least = at;
    const [index] = ready.splice(least, 1);
    ordered.push(sorted[index!]!);
    for (const reader of readers[index!]!) if (--waits[reader]! === 0) ready.push(reader);
  }
  return ordered;
}

/** With blocks of the structure that repeats among many ordered parts. */
function grouped(
  parts: readonly Part[],
  edges: Edges,
  label: (part: Part) => string | null,
  idOf: (node: number) => string,
): readonly Part[] {
  if (parts.length <= MANY) return parts;
  const reads = readsOf(parts, edges).map((makers) => [...makers]);
  const result: Part[] = [];
  let next = 0;
  for (const { from, to, which, of } of repeatsOf(parts.map(label), reads)) {
    result.push(...parts.slice(next, from));
    const inside = parts.slice(from, to) as number[];
    result.push({
      id: `repeat ${idOf(inside[0]!)} ${inside.length}`,
      name: `${label(inside[0]!)}…${label(inside.at(-1)!)} ${which} of ${of}`,
      parts: inside,
      nodes: [...inside].sort((a, b) => a - b),
    });
    next = to;
  }
  result.push(...parts.slice(next));
  return result;
}
