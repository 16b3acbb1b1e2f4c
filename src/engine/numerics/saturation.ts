import { forEachRow, type Reduction } from "./reduction.ts";

/** 255 * 128 = 32640 is the largest multiple of 255 within int16. */
const PAIR_LIMIT = 128;

/**
 * Whether two neighbouring int8 weights keep a1 * q1 + a2 * q2 within int16 for all unsigned 8-bit activations. Weights
 * of opposite signs always do.
 */
export function pairFits(first: number, second: number): boolean {
  return first * second <= 0 || Math.abs(first + second) <= PAIR_LIMIT;
}

/**
 * Raises int8 weight scales, one a channel, until every pair fits: then |w1 + w2| <= 127 steps, and rounding to nearest
 * adds one at most. x86 processors without VNNI add such pairs with vpmaddubsw, which saturates at 32767 and ruins the
 * sum (microsoft/onnxruntime#12072). The halved range that other tools offer for this costs 6 dB in every channel;
 * this costs only what a channel's largest pair needs.
 */
export function saturationFreeScales(weights: Float32Array, scales: Float32Array, reduction: Reduction): Float32Array {
  if (!reduction.paired) return scales;
  const raised = scales.slice();
  forEachRow(weights, reduction, (row, channel) => {
    raised[channel] = Math.max(scales[channel] as number, largestPair(row) / (PAIR_LIMIT - 1));
  });
  return raised;
}

/** The largest |w1 + w2| of a pair of one sign. */
function largestPair(row: Float32Array): number {
  let largest = 0;
  for (let k = 0; k + 1 < row.length; k += 2) {
    const first = row[k] as number;
    const second = row[k + 1] as number;
    const sum = Math.abs(first + second);
    if (sum > largest && first * second > 0) largest = sum;
  }
  return largest;
}
