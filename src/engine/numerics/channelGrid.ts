import { roundHalfEven } from "../values/round.ts";

/** What a weight is multiplied with: means of products of its inputs, [inputs, inputs], symmetric. */
export interface InputProducts {
  readonly inputs: number;
  readonly gram: ArrayLike<number>;
}

/** One output channel on a grid: a value is (code - zero point) * scale, with one of each for every `block` inputs. */
export interface ChannelGrid {
  readonly block: number;
  readonly scales: Float32Array;
  readonly zeroPoints: ArrayLike<number>;
  readonly limits: readonly [lowest: number, highest: number];
  /** The scale that takes the place of a positive one, where not every float32 may be one. */
  readonly allowed?: (scale: number) => number;
}

export const gridBlock = (input: number, { block }: ChannelGrid) => Math.floor(input / block);

export function gridValue(code: number, input: number, grid: ChannelGrid): number {
  const block = gridBlock(input, grid);
  return (code - grid.zeroPoints[block]!) * grid.scales[block]!;
}

/** The code next to a value of one input's weight. */
export function codeOf(value: number, input: number, grid: ChannelGrid): number {
  const block = gridBlock(input, grid);
  const [lowest, highest] = grid.limits;
  const code = roundHalfEven(value / grid.scales[block]!) + grid.zeroPoints[block]!;
  return Math.min(highest, Math.max(lowest, code));
}

export function nearestCodes(weight: Float32Array, grid: ChannelGrid): Int16Array {
  return Int16Array.from(weight, (value, input) => codeOf(value, input, grid));
}

/** The squared error of a channel's products under codes: e' H e, with e the weights less what their codes mean. */
export function productError(
  weight: Float32Array,
  codes: Int16Array,
  grid: ChannelGrid,
  products: InputProducts,
): number {
  return productSquare(
    Float64Array.from(weight, (value, input) => value - gridValue(codes[input]!, input, grid)),
    products,
  );
}

/** The mean square of the products that values of one channel give: v' H v. */
export function productSquare(values: ArrayLike<number>, { inputs, gram }: InputProducts): number {
  let sum = 0;
  for (let i = 0, at = 0; i < inputs; i++) {
    let product = 0;
    for (let j = 0; j < inputs; j++, at++) product += gram[at]! * values[j]!;
    sum += product * values[i]!;
  }
  return sum;
}
