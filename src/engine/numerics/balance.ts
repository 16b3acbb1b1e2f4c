import type { Reduction } from "./reduction.ts";
import { pairFits } from "./saturation.ts";

/**
 * Rounds some weights of each channel the other way until the channel's rounding errors add up to half a step at most,
 * those closest to the middle between two codes first, and never a weight that is exact or one whose pair would no
 * longer fit. Inputs that come out of a Relu have a positive mean, so that the sum of a channel's errors shifts its
 * output, while single errors average out. No data is needed. It is the output-channel step of SQuant (Guo et al.,
 * ICLR 2022, "On-the-Fly Data-Free Quantization via Diagonal Hessian Approximation"). `codes` are the weights rounded
 * to nearest, and stay as they are; the result differs from them by one at most.
 */
export function balanceRounding(
  weights: Float32Array,
  codes: Int8Array,
  scales: Float32Array,
  reduction: Reduction,
): Int8Array {
  const { length, offset, paired } = reduction;
  const balanced = codes.slice();
  const errors = new Float64Array(length);
  scales.forEach((scale, channel) => {
    let sum = 0;
    for (let k = 0; k < length; k++) {
      const at = offset(channel, k);
      const error = (weights[at] as number) / scale - (codes[at] as number);
      errors[k] = error;
      sum += error;
    }
    const step = Math.sign(sum);
    let wanted = Math.ceil(Math.abs(sum) - 0.5);
    if (wanted <= 0) return;
    for (const k of nearestFirst(errors, step, wanted)) {
      const at = offset(channel, k);
      const code = (balanced[at] as number) + step;
      if (Math.abs(code) > 127) continue;
      if (paired && (k ^ 1) < length && !pairFits(code, balanced[offset(channel, k ^ 1)] as number)) continue;
      balanced[at] = code;
      wanted--;
      if (wanted === 0) return;
    }
  });
  return balanced;
}

/**
 * Positions of errors of the sign `step`, the largest first, of equal ones the first. They are sorted in two parts:
 * `wanted`, about the square root of their number, is mostly reached within the first.
 */
function* nearestFirst(errors: Float64Array, step: number, wanted: number): Generator<number> {
  const bound = Math.max(0, 0.5 - (4 * wanted) / errors.length);
  yield* between(errors, step, bound, Infinity);
  yield* between(errors, step, 0, bound);
}

function between(errors: Float64Array, step: number, above: number, upTo: number): number[] {
  const positions: number[] = [];
  for (let k = 0; k < errors.length; k++) {
    const error = (errors[k] as number) * step;
    if (error > above && error <= upTo) positions.push(k);
  }
  return positions.sort((a, b) => ((errors[b] as number) - (errors[a] as number)) * step || a - b);
}
