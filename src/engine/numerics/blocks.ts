import { clamp } from "../values/clamp.ts";
import { type CodeLimits, type WeightCodes, type WeightType, weightCodes, weightLimits } from "../values/codes.ts";
import { elementCount } from "../values/dims.ts";
import { roundHalfEven, roundSmallHalfEven } from "../values/round.ts";
import type { Rounder } from "./stochastic.ts";

/**
 * How values along one axis of a row-major tensor share scales: `size` of them one, the last block maybe fewer. Scales lie as
 * in a blocked DequantizeLinear (ONNX, opset 21): like the values, with as many along the axis as there are blocks.
 */
export interface BlockLayout {
  readonly outer: number;
  /** Values along the axis. */
  readonly length: number;
  readonly inner: number;
  readonly size: number;
}

/** The layout of blocks along `axis` (negative from the end). */
export function blockLayout(dims: readonly number[], axis: number, size: number): BlockLayout {
  const at = axis < 0 ? axis + dims.length : axis;
  const length = dims[at];
  if (length === undefined) throw new RangeError(`Axis ${axis} is outside a tensor of ${dims.length} dimensions.`);
  return { outer: elementCount(dims.slice(0, at)), length, inner: elementCount(dims.slice(at + 1)), size };
}

/** How many blocks there are along the axis. */
export function blocksAlong({ length, size }: BlockLayout): number {
  return Math.ceil(length / size);
}

/** How many scales there are. */
export function scaleCount(layout: BlockLayout): number {
  return layout.outer * blocksAlong(layout) * layout.inner;
}

/** Dimensions of the scales of a tensor. */
export function scaleDims(dims: readonly number[], axis: number, size: number): number[] {
  return dims.map((dim, at) => (at === axis ? Math.ceil(dim / size) : dim));
}

/** Blocks next to each other share cache lines, and are copied together. */
const TOGETHER = 16;

/**
 * Calls `visit` with the values of each block, which hold for the call, the place of its scale, and where along the axis it
 * begins.
 */
export function forEachBlock(
  values: Float32Array,
  layout: BlockLayout,
  visit: (block: Float32Array, at: number, first: number) => void,
): void {
  const { outer, length, inner, size } = layout;
  const blocks = blocksAlong(layout);
  const copies = new Float32Array(inner === 1 ? 0 : TOGETHER * size);
  for (let o = 0; o < outer; o++) {
    for (let block = 0; block < blocks; block++) {
      const first = block * size;
      const count = Math.min(size, length - first);
      const from = (o * length + first) * inner;
      const scale = (o * blocks + block) * inner;
      if (inner === 1) {
        visit(values.subarray(from, from + count), scale, first);
        continue;
      }
      for (let column = 0; column < inner; column += TOGETHER) {
        const together = Math.min(TOGETHER, inner - column);
        for (let k = 0; k < count; k++) {
          const row = from + k * inner + column;
          for (let i = 0; i < together; i++) copies[i * size + k] = values[row + i] as number;
        }
        for (let i = 0; i < together; i++) {
          visit(copies.subarray(i * size, i * size + count), scale + column + i, first);
        }
      }
    }
  }
}

/**
 * q = clamp(round(w / scale) + zero point) with w / scale in float32, to nearest, half to even, where nothing else is given;
 * without zero points they are 0.
 */
export function quantizeBlocks(
  weights: Float32Array,
  layout: BlockLayout,
  scales: Float32Array,
  zeroPoints: WeightCodes | null,
  type: WeightType,
  round: Rounder = roundSmallHalfEven,
): WeightCodes {
  const [lowest, highest] = weightLimits(type);
  const codes = weightCodes(type, weights.length);
  const zeros = zeroPoints ?? weightCodes(type, scales.length);
  const { outer, length, inner, size } = layout;
  const blocks = blocksAlong(layout);
  for (let o = 0; o < outer; o++) {
    for (let k = 0; k < length; k += size) {
      const row = (o * blocks + k / size) * inner;
      const end = (o * length + Math.min(k + size, length)) * inner;
      for (let i = (o * length + k) * inner, at = row; i < end; i++) {
        const zero = zeros[at] as number;
        const steps = Math.fround((weights[i] as number) / (scales[at] as number));
        codes[i] = round(Math.min(Math.max(steps, lowest - zero), highest - zero), i) + zero;
        if (++at === row + inner) at = row;
      }
    }
  }
  return codes;
}

/** w = (q - zero point) * scale in float32. */
export function dequantizeBlocks(
  codes: WeightCodes,
  layout: BlockLayout,
  scales: Float32Array,
  zeroPoints: WeightCodes | null,
): Float32Array {
  const weights = new Float32Array(codes.length);
  const { outer, length, inner, size } = layout;
  const blocks = blocksAlong(layout);
  for (let o = 0; o < outer; o++) {
    for (let k = 0; k < length; k += size) {
      const row = (o * blocks + k / size) * inner;
      const end = (o * length + Math.min(k + size, length)) * inner;
      for (let i = (o * length + k) * inner, at = row; i < end; i++) {
        const zero = zeroPoints === null ? 0 : (zeroPoints[at] as number);
        weights[i] = ((codes[i] as number) - zero) * (scales[at] as number);
        if (++at === row + inner) at = row;
      }
    }
  }
  return weights;
}

/** The zero point that a scale has for values from `low`, of codes between the limits. */
export function zeroPointOf(low: number, scale: number, [lowest, highest]: CodeLimits): number {
  return clamp(roundHalfEven(lowest - low / scale), lowest, highest);
}
