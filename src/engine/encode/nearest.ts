import { extremeScales } from "../numerics/blockScales.ts";
import { blockLayout, dequantizeBlocks, quantizeBlocks } from "../numerics/blocks.ts";
import type { DecodedStretch } from "../numerics/weightFigures.ts";
import { elementCount } from "../values/dims.ts";
import { halfAbove } from "../values/halfFloats.ts";
import { rounderOf, type WeightChoices, type WeightSource } from "./weight.ts";

/** Values that are worked out together where a weight has more. */
const STRETCH = 2 ** 20;

/**
 * What a weight in blocks is in the same type and blocks with scales and zero points that hold each block's least and largest weight, one
 * stretch after the other along its first axis, each good until the next is asked for. `weight` holds its values.
 */
export function* nearestStretches(
  weight: Float32Array,
  { dims, blockAxis, name }: Pick<WeightSource, "dims" | "blockAxis" | "name">,
  { type, block = 16, halves, seed }: Pick<WeightChoices, "type" | "block" | "halves" | "seed">,
  most = STRETCH,
): Generator<DecodedStretch> {
  const [rows = 1, ...others] = dims;
  const axis = blockAxis ?? 0;
  const each = elementCount(others);
  const unit = axis === 0 ? block : 1;
  const together = unit * Math.max(1, Math.floor(most / (unit * each)));
  const round = rounderOf(seed, name);
  for (let row = 0; row < rows; row += together) {
    const count = Math.min(together, rows - row);
    const from = row * each;
    const part = weight.subarray(from, from + count * each);
    const layout = blockLayout([count, ...others], axis, block);
    const { scales: least, zeroPoints } = extremeScales(part, layout, type);
    const scales = halves ? least.map(halfAbove) : least;
    const rounder = round && ((value: number, at: number) => round(value, from + at));
    const codes = quantizeBlocks(part, layout, scales, zeroPoints, type, rounder);
    yield { from, values: dequantizeBlocks(codes, layout, scales, zeroPoints) };
  }
}
