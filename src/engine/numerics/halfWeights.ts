import { narrowHalf, nearest, type ShortFloat } from "../values/halfFloats.ts";
import type { ChannelLayout } from "./channels.ts";

/**
 * Bits of a float of 16 bits beside each value: the nearest, and then some of each channel the other way until the channel's rounding errors
 * add up to next to nothing, those closest to the middle first. Inputs that come out of a Relu have a positive mean, so that the
 * sum of a channel's errors shifts its output, while single errors average out: what `balancedCodes` does for integers.
 * Finite values stay finite.
 */
export function balancedFloats(
  values: Float32Array,
  { outer, channels, inner }: ChannelLayout,
  type: ShortFloat,
): Uint16Array<ArrayBuffer> {
  const bits = nearest(values, type);
  const length = outer * inner;
  const errors = new Float64Array(length);
  const steps = new Float64Array(length);
  for (let channel = 0; channel < channels; channel++) {
    const at = (k: number) => (Math.floor(k / inner) * channels + channel) * inner + (k % inner);
    let sum = 0;
    for (let k = 0; k < length; k++) {
      const value = values[at(k)] as number;
      errors[k] = type.widen(bits[at(k)] as number) - value;
      sum += errors[k] as number;
    }
    if (sum === 0 || !Number.isFinite(sum)) continue;
    const flips: number[] = [];
    for (let k = 0; k < length; k++) {
      const error = errors[k] as number;
      if (error === 0 || error > 0 !== sum > 0) continue;
      const other = type.widen(neighbour(bits[at(k)] as number, error < 0));
      steps[k] = other - type.widen(bits[at(k)] as number);
      if (Number.isFinite(other)) flips.push(k);
    }
    const cost = (k: number) => Math.abs(steps[k] as number) - 2 * Math.abs(errors[k] as number);
    flips.sort((a, b) => cost(a) - cost(b) || a - b);
    for (const k of flips) {
      const after = sum + (steps[k] as number);
      if (Math.abs(after) >= Math.abs(sum)) continue;
      bits[at(k)] = neighbour(bits[at(k)] as number, (errors[k] as number) < 0);
      sum = after;
    }
  }
  return bits;
}

/** The next float above or below one. */
function neighbour(bits: number, above: boolean): number {
  if ((bits & 0x7fff) === 0) return above ? 1 : 0x8001;
  return bits & 0x8000 ? bits + (above ? -1 : 1) : bits + (above ? 1 : -1);
}

/** What becomes of values that are not 0 and not infinite in float16. */
export interface HalfLosses {
  readonly infinite: number;
  readonly vanished: number;
  /** Values that are not 0. */
  readonly values: number;
  /** The largest finite magnitude. */
  readonly largest: number;
}

export function halfLosses(values: Float32Array): HalfLosses {
  let [infinite, vanished, count, largest] = [0, 0, 0, 0];
  for (const value of values) {
    if (value === 0) continue;
    count++;
    if (Number.isFinite(value)) largest = Math.max(largest, Math.abs(value));
    const magnitude = narrowHalf(value) & 0x7fff;
    if (magnitude === 0) vanished++;
    else if (magnitude === 0x7c00 && Number.isFinite(value)) infinite++;
  }
  return { infinite, vanished, values: count, largest };
}
