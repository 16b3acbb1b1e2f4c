import type { Octave } from "../model/statistics.ts";
import type { Counts } from "./counts.ts";
import { bitsAt } from "./resolution.ts";

/**
 * Counts of the values of all parts together, in bins made of a float32's top bits: sign, exponent and as many mantissa
 * bits as bitsAt gives. At most 331 KB with both signs, all octaves included.
 * Throws RangeError when an octave is coarser than bitsAt allows.
 */
export function mergeCounts(parts: readonly Counts[]): Counts {
  const byKey = new Map<number, Octave[]>();
  for (const octave of parts.flatMap(({ octaves }) => octaves)) {
    const key = octave.negative ? octave.exponent - 256 : octave.exponent;
    const same = byKey.get(key);
    if (same) same.push(octave);
    else byKey.set(key, [octave]);
  }
  const largest = Math.max(...[...byKey.values()].map(([octave]) => (octave as Octave).exponent));
  const sum = (count: (part: Counts) => number) => parts.reduce((total, part) => total + count(part), 0);
  return {
    finite: sum(({ finite }) => finite),
    zeros: sum(({ zeros }) => zeros),
    nan: sum(({ nan }) => nan),
    positiveInfinity: sum(({ positiveInfinity }) => positiveInfinity),
    negativeInfinity: sum(({ negativeInfinity }) => negativeInfinity),
    octaves: [...byKey].sort(([a], [b]) => a - b).map(([, same]) => mergeOctaves(same, largest)),
  };
}

/** Octaves of one sign and exponent as one. */
function mergeOctaves(octaves: readonly Octave[], largest: number): Octave {
  const first = octaves[0] as Octave;
  const bits = bitsAt(largest - first.exponent);
  if (octaves.length === 1 && first.bits === bits) return first;
  const merged = new Float64Array(2 ** bits);
  for (const octave of octaves) {
    const shift = octave.bits - bits;
    if (shift < 0) {
      throw new RangeError(`Octave ${octave.exponent} keeps ${octave.bits} mantissa bits where ${bits} are needed.`);
    }
    const { counts } = octave;
    for (let k = 0; k < counts.length; k++) {
      const bin = k >>> shift;
      merged[bin] = (merged[bin] as number) + (counts[k] as number);
    }
  }
  return { ...first, bits, counts: merged };
}
