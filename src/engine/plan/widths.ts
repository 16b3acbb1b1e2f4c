import type { GroupWidth } from "../model/range.ts";
import type { Layer, RangeGroup } from "../model/summary.ts";
import type { GraphIndex } from "../onnx/graph.ts";
import type { NodeProto } from "../onnx/proto/onnx_pb.ts";
import type { Candidate } from "./candidates.ts";
import { readByFollower } from "./followers.ts";

type Planned = Layer & Pick<Candidate, "node" | "descriptor" | "follower">;

/**
 * The layers of a plan, those marked that compute in 16 bits: such as are asked for, and what works on their results before these are
 * rounded. What only moves values has those of what it moves.
 */
export function withWideLayers<L extends Planned>(
  layers: readonly L[],
  asked: ReadonlySet<string>,
  index: GraphIndex,
): readonly L[] {
  if (asked.size === 0) return layers;
  const wide = new Set<NodeProto>();
  return layers.map((layer) => {
    const { id, node, reason, follower, descriptor, weight } = layer;
    if (reason !== null || descriptor?.kind === "move") return layer;
    const isAfter = follower && wide.has(index.producer(readByFollower(layer, index)) ?? node);
    if (!(follower ? isAfter : asked.has(id))) return layer;
    wide.add(node);
    return { ...layer, wide: true, ...(weight === null && { precision: "int16" as const }) };
  });
}

/** The groups that are made in 16 bits where others are in 8, by id. */
export function wideGroups(groups: readonly RangeGroup[]): ReadonlySet<string> {
  return new Set(groups.flatMap(({ id, wide }) => (wide ? [id] : [])));
}

/**
 * The groups of a plan, each with the width that it is made in: that of the layer that makes it, of what is moved that of its
 * source, and 16 bits of what comes in float where a layer reads it in these.
 */
export function withWidths(
  groups: readonly RangeGroup[],
  groupOf: ReadonlyMap<string, string>,
  layers: readonly Planned[],
  index: GraphIndex,
): readonly RangeGroup[] {
  if (!layers.some(({ wide }) => wide)) return groups;
  const byNode = new Map(layers.map((layer) => [layer.node, layer]));
  const widths = new Map<string, GroupWidth>();
  return groups.map((group) => {
    const readers = group.members.flatMap((name) =>
      index.uses(name).flatMap(({ node }) => {
        const layer = byNode.get(node);
        return layer?.reason === null && layer.descriptor?.kind !== "move" ? [layer] : [];
      }),
    );
    const producer = index.producer(group.id);
    const maker = producer && byNode.get(producer);
    const isMoved = maker?.reason === null && maker.descriptor?.kind === "move";
    const isMade = isMoved
      ? widths.has(groupOf.get(maker.node.input[0] ?? "") ?? "")
      : maker?.reason === null
        ? maker.wide
        : readers.some(({ wide }) => wide);
    if (!isMade) return group;
    const width = readers.some(({ wide }) => !wide) ? "read-in-8" : "read-in-16";
    widths.set(group.id, width);
    return { ...group, wide: width };
  });
}
