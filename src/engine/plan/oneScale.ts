import type { Reason } from "../model/reason.ts";
import type { RangeGroup } from "../model/summary.ts";
import type { Candidate } from "./candidates.ts";

interface Grouped {
  readonly groups: readonly RangeGroup[];
  readonly groupOf: ReadonlyMap<string, string>;
}

type Planned = Pick<Candidate, "node" | "descriptor" | "follower"> & { readonly reason: Reason | null };

/**
 * The groups of a plan where all that a quantized Concat joins has one scale with what it makes: named after the last that joins, with
 * the values of all that it is made of. Ranges that are fixed stay apart, and clamps no longer bound it.
 */
export function withOneScale({ groups, groupOf }: Grouped, layers: readonly Planned[]): Grouped {
  const fixed = new Set(groups.flatMap((group) => (group.fixed ? [group.id] : [])));
  const roots = new Map<string, string>();
  const rootOf = (group: string): string => {
    let root = group;
    for (let next = roots.get(root); next !== undefined; next = roots.get(root)) root = next;
    return root;
  };
  for (const { node, reason } of layers) {
    if (node.opType !== "Concat" || reason !== null) continue;
    const made = groupOf.get(node.output[0] ?? "");
    if (made === undefined) continue;
    for (const name of node.input) {
      const read = groupOf.get(name);
      if (read !== undefined && !fixed.has(read) && rootOf(read) !== rootOf(made))
        roots.set(rootOf(read), rootOf(made));
    }
  }
  if (roots.size === 0) return { groups, groupOf };
  const gathered = new Map<string, RangeGroup[]>();
  for (const group of groups) gathered.set(rootOf(group.id), [...(gathered.get(rootOf(group.id)) ?? []), group]);
  return {
    groups: groups.flatMap((group) => {
      const parts = gathered.get(group.id);
      return parts ? [parts.length === 1 ? group : joined(group, parts)] : [];
    }),
    groupOf: new Map([...groupOf].map(([tensor, group]) => [tensor, rootOf(group)])),
  };
}

function joined(group: RangeGroup, parts: readonly RangeGroup[]): RangeGroup {
  const least = parts.flatMap((part) => part.least ?? []);
  const low = Math.min(...least.map((range) => range.low));
  const high = Math.max(...least.map((range) => range.high));
  return {
    ...group,
    members: parts.flatMap(({ members }) => members),
    parts: parts.map(({ id }) => id),
    bounds: null,
    least: least.length > 0 ? { low, high } : null,
    whole: parts.some(({ whole }) => whole),
  };
}
