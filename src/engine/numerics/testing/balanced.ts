import { clamp } from "../../values/clamp.ts";
import type { CodeLimits, WeightCodes } from "../../values/codes.ts";
import { roundSmallHalfEven } from "../../values/round.ts";
import { mapRows, type Reduction } from "../reduction.ts";
import { pairFits } from "../saturation.ts";

/**
 * The errors next to half a step are sorted, in bands, until enough weights are found: as many times as are wanted, which is
 * about the square root of all, would be in the first band if errors were spread evenly, and the next are wider.
 */
const FIRST_BAND = 2;
const NEXT_BAND = 4;

/** As `balancedCodes`, one value after the other. */
export function plainBalanced(
  weights: Float32Array,
  scales: Float32Array,
  [lowest, highest]: CodeLimits,
  reduction: Reduction,
  zeroPoints: WeightCodes | null = null,
): WeightCodes {
  const { length, paired } = reduction;
  const errors = new Float64Array(length);
  const room: WeightCodes = zeroPoints ? new Uint8Array(weights.length) : new Int8Array(weights.length);
  return mapRows(weights, reduction, room, (row, channel, codes) => {
    const zero = zeroPoints ? (zeroPoints[channel] as number) : 0;
    const sum = roundRow(row, scales[channel] as number, zero, lowest, highest, codes, errors);
    const step = Math.sign(sum);
    let wanted = Math.ceil(Math.abs(sum) - 0.5);
    if (wanted <= 0) return;
    let upTo = Infinity;
    for (let width = (FIRST_BAND * wanted) / length; wanted > 0 && upTo > 0; width *= NEXT_BAND) {
      const above = Math.max(0, 0.5 - width);
      for (const k of between(errors, step, above, upTo)) {
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

/** Rounds a row to nearest, writes w / scale - (q - zero point) into `errors`, and returns their sum. */
function roundRow(
  row: Float32Array,
  scale: number,
  zero: number,
  lowest: number,
  highest: number,
  codes: WeightCodes,
  errors: Float64Array,
): number {
  let sum = 0;
  for (let k = 0; k < row.length; k++) {
    const exact = (row[k] as number) / scale;
    const near = Math.fround(exact);
    const code = roundSmallHalfEven(clamp(near, lowest - zero, highest - zero));
    const error = exact - code;
    codes[k] = code + zero;
    errors[k] = error;
    sum += error;
  }
  return sum;
}

/** Positions of the errors of the sign `step` whose magnitudes are above one bound and up to another: the largest first, of equal ones the first. */
function between(errors: Float64Array, step: number, above: number, upTo: number): number[] {
  const positions: number[] = [];
  for (let k = 0; k < errors.length; k++) {
    const error = (errors[k] as number) * step;
    if (error > above && error <= upTo) positions.push(k);
  }
  return positions.sort((a, b) => ((errors[b] as number) - (errors[a] as number)) * step || a - b);
}
