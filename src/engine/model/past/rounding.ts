import { isObject } from "../../schema/running.ts";
import { lacks, type PastShape } from "./shape.ts";

/** What learned rounding was, where it is stored, before today. */
export const PAST_ROUNDINGS: readonly PastShape[] = [
  {
    // The loss as learned had another name.
    is: ({ layers }) => Array.isArray(layers) && layers.some((layer) => isObject(layer) && !lacks(layer, "learnt")),
    next: ({ layers, ...rounding }) => ({ ...rounding, layers: (layers as readonly unknown[]).map(renamed) }),
  },
  {
    // Nothing was kept that tells the samples from others.
    is: (rounding) => lacks(rounding, "prints"),
    next: (rounding) => ({ ...rounding, prints: null }),
  },
  {
    // Biases were left alone.
    is: (rounding) => lacks(rounding, "biases"),
    next: (rounding) => ({ ...rounding, biases: {} }),
  },
];

function renamed(layer: unknown): unknown {
  if (!isObject(layer) || lacks(layer, "learnt")) return layer;
  const { learnt, ...rest } = layer;
  return { ...rest, learned: learnt };
}
