import type { ObservationPlan } from "../model/runtime.ts";
import type { TensorStatistics } from "../model/statistics.ts";
import { leavesOf } from "./leaves.ts";

/** Of so many samples in a row, one sees the tensors that are counted seldom. */
const EVERY = 8;

/** Whether a sample sees them: by its index alone, so that shards, resumed runs and every runtime see them in the same samples. */
export function seesSeldom(sample: number): boolean {
  return sample % EVERY === 0;
}

/** The plan with all that is counted seldom of which nothing is needed: neither it nor what follows from it. */
export function seldomWhere(plan: ObservationPlan, isNeeded: (tensor: string) => boolean): ObservationPlan {
  const needed = new Set<string>();
  const counted = new Set<string>();
  for (const [tensor, parts] of leavesOf(plan)) {
    for (const leaf of parts) {
      counted.add(leaf.tensor);
      if (isNeeded(tensor)) needed.add(leaf.tensor);
    }
  }
  return { ...plan, seldom: [...counted].filter((tensor) => !needed.has(tensor)) };
}

/** Whether a tensor was seen in no other samples than those that see all. */
export function wasSeldom({ samples }: TensorStatistics, observed: readonly number[]): boolean {
  return samples.index.length > 0 && samples.index.every(seesSeldom) && !observed.every(seesSeldom);
}
