import type { Range } from "../model/range.ts";
import type { Reason } from "../model/reason.ts";
import type { RangeGroup } from "../model/summary.ts";
import type { GraphIndex } from "../onnx/graph.ts";
import type { NodeProto } from "../onnx/proto/onnx_pb.ts";
import { MIXES } from "../operators/mixes.ts";
import type { Candidate } from "./candidates.ts";
import { wideGroups } from "./widths.ts";

interface Grouped {
  readonly groups: readonly RangeGroup[];
  readonly groupOf: ReadonlyMap<string, string>;
}

type Planned = Pick<Candidate, "node" | "descriptor" | "follower"> & { readonly reason: Reason | null };

/**
 * The groups of a plan, those that nothing reads but quantized layers which pass values on (Concat, Where) taken into the group of
 * what these make: rounded by a scale of its own, such an operand would be rounded once more by that of all that is joined. A
 * group keeps its own where its range is fixed, a gate's or a sum's, where another reads it or the caller sees it, and where it
 * is clamped to less than the others, since a clamp is left out only where the range implies it.
 */
export function withOperands(grouped: Grouped, layers: readonly Planned[], index: GraphIndex): Grouped {
  const { groups, groupOf } = grouped;
  const byNode = new Map(layers.map((layer) => [layer.node, layer]));
  const bounds = boundsOf(grouped, byNode, index);
  const wide = wideGroups(groups);
  const roots = new Map<string, string>();
  const rootOf = (group: string) => roots.get(group) ?? group;
  const resultOf = (node: NodeProto): string | undefined => {
    for (let at: NodeProto | undefined = node; at; ) {
      const [output = ""]: readonly string[] = at.output;
      const known = groupOf.get(output);
      if (known !== undefined) return rootOf(known);
      at = index.consumers(output).find((reader) => byNode.get(reader)?.follower);
    }
    return undefined;
  };
  /** The one group that all readers of a group make; null where it has others. */
  const takerOf = ({ id, members }: RangeGroup): string | null => {
    if (members.some((name) => index.isOutput(name))) return null;
    const takers = new Set<string | null>();
    for (const { node, input } of members.flatMap((name) => index.uses(name))) {
      const isMoved = byNode.get(node)?.descriptor?.kind === "move" && groupOf.get(node.output[0] ?? "") === id;
      if (!isMoved) takers.add(passesOn(byNode.get(node), input) ? (resultOf(node) ?? null) : null);
    }
    const [taker = null, ...others] = takers;
    return others.length === 0 ? taker : null;
  };
  /** What sums make is judged by its own scale (coarse.ts). */
  const isSum = (tensor: string): boolean => {
    const open = [tensor];
    for (const name of open) {
      const maker = index.producer(name);
      const layer = maker && byNode.get(maker);
      if (layer?.follower?.kind === "sum") return true;
      if (layer?.follower) open.push(...layer.node.input);
      else if (layer && MIXES.has(layer.node.opType) && layer.descriptor?.passesFrom !== 0) return true;
    }
    return false;
  };
  for (const group of groups.toReversed()) {
    if (group.fixed || group.whole || group.wide || isSum(group.id)) continue;
    const taker = takerOf(group);
    if (taker !== null && wide.has(taker)) continue;
    if (taker !== null && holds(bounds.get(group.id), bounds.get(taker))) roots.set(group.id, taker);
  }
  if (roots.size === 0) return grouped;
  const members = new Map<string, string[]>();
  for (const [tensor, group] of groupOf) {
    const root = rootOf(group);
    members.set(root, [...(members.get(root) ?? []), tensor]);
  }
  const takers = new Set(roots.values());
  return {
    groups: groups
      .filter(({ id }) => !roots.has(id))
      .map((group) =>
        takers.has(group.id)
          ? { ...group, members: members.get(group.id)!, bounds: bounds.get(group.id) ?? null }
          : group,
      ),
    groupOf: new Map([...groupOf].map(([tensor, group]) => [tensor, rootOf(group)])),
  };
}

/** Whether a quantized layer makes nothing of an input but values of its result. */
function passesOn(layer: Planned | undefined, input: number): boolean {
  const first = layer?.reason === null && !layer.follower ? layer.descriptor?.passesFrom : undefined;
  return first !== undefined && input >= first;
}

/** What clamps let through of each group: what layers that pass values on make is clamped where all of their operands are. */
function boundsOf(
  { groups, groupOf }: Grouped,
  byNode: ReadonlyMap<NodeProto, Planned>,
  index: GraphIndex,
): ReadonlyMap<string, Range | null> {
  const bounds = new Map<string, Range | null>();
  for (const { id, bounds: own } of groups) {
    const maker = index.producer(id);
    const operands = maker?.input.filter((name, input) => name && passesOn(byNode.get(maker), input)) ?? [];
    const all = operands.map((name) => bounds.get(groupOf.get(name) ?? "") ?? null);
    bounds.set(id, own ?? hull(all));
  }
  return bounds;
}

function hull(ranges: readonly (Range | null)[]): Range | null {
  const known = ranges.filter((range) => range !== null);
  if (known.length === 0 || known.length < ranges.length) return null;
  return { low: Math.min(...known.map(({ low }) => low)), high: Math.max(...known.map(({ high }) => high)) };
}

/** Whether all that the second range lets through is in the first; null is without bounds. */
function holds(outer: Range | null | undefined, inner: Range | null | undefined): boolean {
  if (!outer) return true;
  return Boolean(inner) && outer.low <= inner!.low && inner!.high <= outer.high;
}
