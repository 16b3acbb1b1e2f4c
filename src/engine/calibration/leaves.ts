import type { Range } from "../model/range.ts";
import type { ObservationPlan } from "../model/runtime.ts";
import { clamp } from "../values/clamp.ts";

/** A tensor that is counted, as another takes its values over: clamped, or as they are. */
export interface Leaf {
  readonly tensor: string;
  readonly clamp: Range | null;
}

/** Of each watched tensor the counted ones that hold its values, with one clamp for all on the way; itself if counted. */
export function leavesOf({ watch, derived }: ObservationPlan): ReadonlyMap<string, readonly Leaf[]> {
  const rules = new Map(derived.map((rule) => [rule.tensor, rule]));
  const leaves = new Map<string, readonly Leaf[]>();
  for (const tensor of watch) {
    const rule = rules.get(tensor);
    leaves.set(
      tensor,
      rule ? rule.from.flatMap((name) => through(leaves, name, rule.clamp)) : [{ tensor, clamp: null }],
    );
  }
  return leaves;
}

function through(leaves: ReadonlyMap<string, readonly Leaf[]>, name: string, clamp: Range | null): Leaf[] {
  const found = leaves.get(name);
  if (!found) throw new Error(`The plan derives from "${name}", which it does not watch before.`);
  return found.map((leaf) => ({ tensor: leaf.tensor, clamp: compose(leaf.clamp, clamp) }));
}

/** What clamping to one range and then to another comes to. */
function compose(first: Range | null, then: Range | null): Range | null {
  if (!first || !then) return first ?? then;
  return { low: clamp(first.low, then.low, then.high), high: clamp(first.high, then.low, then.high) };
}
