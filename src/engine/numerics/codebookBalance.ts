import type { Codebook } from "./codebook.ts";
import { boundsOf, placeOf } from "./codebook.ts";
import { mapRows, type Reduction } from "./reduction.ts";

/**
 * Places in a table such that the errors of each output channel add up to next to nothing: the nearest entries, and then a neighbour in
 * the place of some, those first that cost least squared error for what they take off the sum. Inputs that come out of a Relu have a
 * positive mean, so that the sum shifts a layer's output, while single errors average out (balance.ts says whose step that is).
 */
export function balancedPlaces(
  weights: Float32Array,
  { table, scales }: Pick<Codebook, "table" | "scales">,
  reduction: Reduction,
): Uint8Array {
  const bounds = boundsOf(table);
  const errors = new Float64Array(reduction.length);
  return mapRows(weights, reduction, new Uint8Array(weights.length), (row, channel, codes) => {
    const scale = scales[scales.length === 1 ? 0 : channel] as number;
    if (!(scale > 0)) {
      codes.fill(0);
      return;
    }
    let sum = 0;
    for (let k = 0; k < row.length; k++) {
      const value = (row[k] as number) / scale;
      const code = placeOf(bounds, value);
      const error = value - (table[code] as number);
      codes[k] = code;
      errors[k] = error;
      sum += error;
    }
    balance(codes, errors, table, sum);
  });
}

function balance(codes: Uint8Array, errors: Float64Array, table: Float32Array, sum: number): void {
  const step = Math.sign(sum);
  let left = Math.abs(sum);
  const gapOf = (k: number) => {
    const other = table[(codes[k] as number) + step];
    return other === undefined ? 0 : Math.abs(other - (table[codes[k] as number] as number));
  };
  const costs = new Float64Array(codes.length);
  const places: number[] = [];
  for (let k = 0; k < codes.length; k++) {
    const gap = gapOf(k);
    const error = step * (errors[k] as number);
    // Taking the neighbour may change the sign of the sum, and must not make it larger; one that is exact stays.
    if (!(error > 0) || !(gap > 0) || gap >= 2 * left) continue;
    costs[k] = gap - 2 * error;
    places.push(k);
  }
  places.sort((a, b) => (costs[a] as number) - (costs[b] as number) || a - b);
  for (const k of places) {
    const gap = gapOf(k);
    if (gap >= 2 * left) continue;
    codes[k] = (codes[k] as number) + step;
    left -= gap;
    if (left <= 0) return;
  }
}
