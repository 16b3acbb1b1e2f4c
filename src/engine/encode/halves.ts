import { channelLayout } from "../numerics/channels.ts";
import { balancedFloats, nearestHalves } from "../numerics/halfWeights.ts";
import { HALF, nearest, type ShortFloat } from "../values/halfFloats.ts";
import type { WeightSource } from "./weight.ts";

export { nearestHalves } from "../numerics/halfWeights.ts";

const known = new WeakMap<object, { readonly type: ShortFloat; readonly bits: Uint16Array }>();

/**
 * Bits of a layer's weight in a float of 16 bits. Those of convolutions, which mostly read what comes out of a Relu, are rounded so
 * that the errors of an output channel cancel; what matrices read has a mean about 0, and they are rounded to nearest.
 */
export function encodeHalves(
  { key, dims, channelAxis, values, isDeferred }: WeightSource,
  type: ShortFloat,
): Uint16Array {
  const last = known.get(key);
  if (last?.type === type) return last.bits;
  const isBalanced = dims.length > 2 && channelAxis !== null;
  const bits = isBalanced
    ? balancedFloats(values(), channelLayout(dims, channelAxis), type)
    : type === HALF
      ? nearestHalves(values())
      : nearest(values(), type);
  if (!isDeferred) known.set(key, { type, bits });
  return bits;
}
