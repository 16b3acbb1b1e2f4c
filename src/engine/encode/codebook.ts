import type { ChannelLayout } from "../numerics/channels.ts";
import { type Codebook, codebookOf } from "../numerics/codebook.ts";
import { balancedPlaces } from "../numerics/codebookBalance.ts";
import type { Reduction } from "../numerics/reduction.ts";

const known = new WeakMap<object, { readonly by: string; readonly found: Codebook }>();

/**
 * A weight as places in a table of its own, such that an output channel's errors cancel where it is known how they are added. What
 * `key`, which stands for its values, came to last is given again.
 */
export function encodeCodebook(
  key: object,
  values: () => Float32Array,
  layout: ChannelLayout,
  reduction: Reduction | null,
  entries: number,
): Codebook {
  const by = JSON.stringify([layout, reduction, entries]);
  const last = known.get(key);
  if (last?.by === by) return last.found;
  const weights = values();
  const nearest = codebookOf(weights, layout, entries);
  const found = reduction ? { ...nearest, codes: balancedPlaces(weights, nearest, reduction) } : nearest;
  known.set(key, { by, found });
  return found;
}
