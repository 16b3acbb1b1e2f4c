import { SCALE_FLOOR } from "./affine.ts";

/**
 * The 16 values of 4-bit NormalFloat: quantiles of a normal distribution between -1 and 1, 0 among them. Dettmers et al., *QLoRA*
 * (2023), appendix E; in float32 as bitsandbytes and ONNX Runtime's MatMulBnb4 have them.
 */
export const NORMAL_FLOATS = Float32Array.of(
  ...[-1, -0.6961928009986877, -0.5250730514526367, -0.39491748809814453, -0.28444138169288635, -0.18477343022823334],
  ...[-0.09105003625154495, 0, 0.07958029955625534, 0.16093020141124725, 0.24611230194568634, 0.33791524171829224],
  ...[0.44070982933044434, 0.5626170039176941, 0.7229568362236023, 1],
);

/** Between two values the middle; what is above it is nearer to the second. */
const MIDDLES = Float64Array.from(
  { length: 15 },
  (_, i) => ((NORMAL_FLOATS[i] as number) + (NORMAL_FLOATS[i + 1] as number)) / 2,
);

export interface NormalFloats {
  /** The largest magnitude of each block, SCALE_FLOOR at least. */
  readonly scales: Float32Array;
  /** In the places of the weights. */
  readonly codes: Uint8Array;
  /** Blocks that are all zero, or vanishing. */
  readonly dead: readonly number[];
}

/** Calls `visit` with the place of each weight of a matrix, row by row of output channels, where `axis` is that of their inputs. */
function forEachByRow(
  [first, second]: readonly [number, number],
  axis: number,
  visit: (at: number, count: number) => void,
) {
  if (axis === 1) {
    for (let at = 0; at < first * second; at++) visit(at, at);
    return;
  }
  let count = 0;
  for (let column = 0; column < second; column++) {
    for (let row = 0; row < first; row++) visit(row * second + column, count++);
  }
}

/**
 * A matrix in NormalFloat: blocks of `size` weights of its output channels one after another, in the order of their inputs along `axis`, so
 * that a block may hold weights of two channels; each weight the nearest value times the largest magnitude of its block.
 */
export function normalFloats(
  weights: Float32Array,
  dims: readonly [number, number],
  axis: number,
  size: number,
): NormalFloats {
  const scales = new Float32Array(Math.ceil(weights.length / size));
  const codes = new Uint8Array(weights.length);
  forEachByRow(dims, axis, (at, count) => {
    const block = Math.floor(count / size);
    scales[block] = Math.max(scales[block] as number, Math.abs(weights[at] as number));
  });
  const dead: number[] = [];
  scales.forEach((scale, block) => {
    if (!(scale < Infinity)) throw new RangeError(`A weight of block ${block} is not finite.`);
    if (scale >= SCALE_FLOOR) return;
    scales[block] = SCALE_FLOOR;
    dead.push(block);
  });
  forEachByRow(dims, axis, (at, count) => {
    const share = (weights[at] as number) / (scales[Math.floor(count / size)] as number);
    let code = 0;
    while (code < 15 && share > (MIDDLES[code] as number)) code++;
    codes[at] = code;
  });
  return { scales, codes, dead };
}

/** The values that codes stand for, in float32. */
export function fromNormalFloats(
  codes: Uint8Array | Int8Array,
  dims: readonly [number, number],
  axis: number,
  size: number,
  scales: Float32Array,
): Float32Array {
  const weights = new Float32Array(codes.length);
  forEachByRow(dims, axis, (at, count) => {
    weights[at] = (NORMAL_FLOATS[codes[at] as number] as number) * (scales[Math.floor(count / size)] as number);
  });
  return weights;
}
