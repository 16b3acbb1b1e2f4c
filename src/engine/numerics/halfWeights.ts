import { nearest, type ShortFloat } from "../values/halfFloats.ts";
import type { ChannelLayout } from "./channels.ts";
import { weightKernel } from "./kernel/weightKernel.ts";

/**
 * Bits of a float of 16 bits or fewer beside each value: the nearest, and then some of each channel the other way until the channel's rounding errors
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
      const other = type.widen(neighbour(bits[at(k)] as number, error < 0, type));
      steps[k] = other - type.widen(bits[at(k)] as number);
      if (Number.isFinite(other)) flips.push(k);
    }
    const cost = (k: number) => Math.abs(steps[k] as number) - 2 * Math.abs(errors[k] as number);
    flips.sort((a, b) => cost(a) - cost(b) || a - b);
    for (const k of flips) {
      const after = sum + (steps[k] as number);
      if (Math.abs(after) >= Math.abs(sum)) continue;
      bits[at(k)] = neighbour(bits[at(k)] as number, (errors[k] as number) < 0, type);
      sum = after;
    }
  }
  return bits;
}

/** The next float above or below one. */
function neighbour(bits: number, above: boolean, { sign }: ShortFloat): number {
  if ((bits & (sign - 1)) === 0) return above ? 1 : sign + 1;
  return bits & sign ? bits + (above ? -1 : 1) : bits + (above ? 1 : -1);
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

/** Values that the kernel is given at once. */
const AT_ONCE = 1 << 16;

export function halfLosses(values: Float32Array): HalfLosses {
  const kernel = weightKernel();
  let [infinite, vanished, count, bits] = [0, 0, 0, 0];
  inParts(values, (at, size) => {
    kernel.floats.fill(0, at / 4 + size, at / 4 + size + 3);
    kernel.losses(at, size);
    const [counted = 0, gone = 0, over = 0, most = 0] = kernel.found;
    count += counted;
    vanished += gone;
    infinite += over;
    bits = Math.max(bits, most);
  });
  return { infinite, vanished, values: count, largest: floatOf(bits) };
}

/** The bits of float16 nearest each value, as `nearest` gives them. */
export function nearestHalves(values: Float32Array): Uint16Array<ArrayBuffer> {
  const kernel = weightKernel();
  const halves = new Uint16Array(values.length);
  const bytes = new Uint8Array(halves.buffer);
  inParts(values, (at, size, first, bits) => {
    kernel.halve(at, bits, size);
    bytes.set(kernel.bytes.subarray(bits, bits + 2 * size), 2 * first);
  });
  return halves;
}

/** Gives the kernel values in parts: where they lie, how many, the first of them, and where there is room for as many of 16 bits. */
function inParts(values: Float32Array, visit: (at: number, size: number, first: number, room: number) => void): void {
  const kernel = weightKernel();
  const most = Math.min(AT_ONCE, values.length);
  const [at = 0, room = 0] = kernel.place(4 * most, 2 * most);
  for (let first = 0; first < values.length; first += AT_ONCE) {
    const size = Math.min(AT_ONCE, values.length - first);
    kernel.floats.set(values.subarray(first, first + size), at / 4);
    visit(at, size, first, room);
  }
}

function floatOf(bits: number): number {
  return new Float32Array(Uint32Array.of(bits).buffer)[0] as number;
}
