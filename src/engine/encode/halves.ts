import { channelLayout } from "../numerics/channels.ts";
import { balancedHalves } from "../numerics/halfWeights.ts";
import { nearestHalves } from "../values/halfFloats.ts";
import type { WeightSource } from "./weight.ts";

const known = new WeakMap<object, Uint16Array>();

/**
 * Bits of a layer's weight in float16. Those of convolutions, which mostly read what comes out of a Relu, are rounded so that the
 * errors of an output channel cancel; what matrices read has a mean about 0, and they are rounded to nearest.
 */
export function encodeHalves({ key, dims, channelAxis, values }: WeightSource): Uint16Array {
  const last = known.get(key) ?? (dims.length > 2 ? balanced(dims, channelAxis, values()) : nearestHalves(values()));
  known.set(key, last);
  return last;
}

function balanced(dims: readonly number[], axis: number | null, values: Float32Array): Uint16Array {
  return axis === null ? nearestHalves(values) : balancedHalves(values, channelLayout(dims, axis));
}
