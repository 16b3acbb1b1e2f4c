import type { CodeLimits, WeightCodes } from "../values/codes.ts";
import { weightKernel } from "./kernel/weightKernel.ts";
import { mapRows, type Reduction } from "./reduction.ts";
import { pairFits } from "./saturation.ts";

/**
 * The errors next to half a step are sorted, in bands, until enough weights are found: as many times as are wanted, which is
 * about the square root of all, would be in the first band if errors were spread evenly, and the next are wider.
 */
const FIRST_BAND = 2;
const NEXT_BAND = 4;

/**
 * Rounds weights to the nearest code, as `quantizeWeights` does, and then some of each channel the other way until the
 * channel's rounding errors add up to half a step at most, those closest to the middle between two codes first, and never
 * a weight that is exact or one whose pair would no longer fit. Inputs that come out of a Relu have a positive mean, so
 * that the sum of a channel's errors shifts its output, while single errors average out. No data is needed. It is the
 * output-channel step of SQuant (Guo et al., ICLR 2022, "On-the-Fly Data-Free Quantization via Diagonal Hessian
 * Approximation"). `scales` holds one scale a channel, and `zeroPoints` one a channel, or is null where all are 0.
 */
export function balancedCodes(
  weights: Float32Array,
  scales: Float32Array,
  [lowest, highest]: CodeLimits,
  reduction: Reduction,
  zeroPoints: WeightCodes | null = null,
): WeightCodes {
  const { length, paired } = reduction;
  const kernel = weightKernel();
  const [values = 0, made = 0, errors = 0, places = 0] = kernel.place(4 * length, length, 8 * length, 4 * length);
  const room: WeightCodes = zeroPoints ? new Uint8Array(weights.length) : new Int8Array(weights.length);
  return mapRows(weights, reduction, room, (row, channel, codes) => {
    const zero = zeroPoints ? (zeroPoints[channel] as number) : 0;
    kernel.floats.set(row, values / 4);
    const sum = kernel.roundRow(values, made, errors, length, scales[channel] as number, zero, lowest, highest);
    new Uint8Array(codes.buffer, codes.byteOffset, length).set(kernel.bytes.subarray(made, made + length));
    const step = Math.sign(sum);
    let wanted = Math.ceil(Math.abs(sum) - 0.5);
    if (wanted <= 0) return;
    let upTo = Infinity;
    for (let width = (FIRST_BAND * wanted) / length; wanted > 0 && upTo > 0; width *= NEXT_BAND) {
      const above = Math.max(0, 0.5 - width);
      const found = kernel.between(errors, length, step, above, upTo, places);
      const errorOf = (k: number) => (kernel.doubles[errors / 8 + k] as number) * step;
      const positions = kernel.words.subarray(places / 4, places / 4 + found);
      for (const k of positions.sort((a, b) => errorOf(b) - errorOf(a) || a - b)) {
        const code = (codes[k] as number) + step;
        if (code < lowest || code > highest) continue;
        if (paired && (k ^ 1) < length && !pairFits(code, codes[k ^ 1] as number)) continue;
        codes[k] = code;
        wanted--;
        if (wanted === 0) return;
      }
      upTo = above;
    }
  });
}
