import { type CodeLimits, type WeightCodes, type WeightType, weightCodes, weightLimits } from "../values/codes.ts";
import { elementCount } from "../values/dims.ts";
import { Dequantizer } from "./dequantizer.ts";
import { weightKernel } from "./kernel/weightKernel.ts";
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

/** Values that the kernel is given at once, about. */
const AT_ONCE = 1 << 16;

/**
 * q = clamp(round(w / scale) + zero point) with w / scale in float32, to nearest, half to even, where nothing else is given, in WebAssembly
 * then (kernel/assembly/weights.ts); without zero points they are 0.
 */
export function quantizeBlocks(
  weights: Float32Array,
  layout: BlockLayout,
  scales: Float32Array,
  zeroPoints: WeightCodes | null,
  type: WeightType,
  round?: Rounder,
): WeightCodes {
  if (round) return roundEach(weights, layout, scales, zeroPoints, type, round);
  const codes = weightCodes(type, weights.length);
  const bytes = new Uint8Array(codes.buffer);
  const { outer, length, inner, size } = layout;
  const blocks = blocksAlong(layout);
  if (inner > 1) {
    const rounder = new NearestRounder(type, AT_ONCE, AT_ONCE);
    for (let o = 0; o < outer; o++) {
      for (let k = 0; k < length; k++) {
        const row = (o * length + k) * inner;
        const at = (o * blocks + Math.floor(k / size)) * inner;
        for (let column = 0; column < inner; column += AT_ONCE) {
          const count = Math.min(AT_ONCE, inner - column);
          if (k % size === 0 || inner > AT_ONCE) rounder.scale(scales, zeroPoints, at + column, count);
          rounder.each(weights, row + column, count, bytes);
        }
      }
    }
    return codes;
  }
  const isWhole = length % size === 0;
  const runs = Math.max(1, Math.floor(AT_ONCE / size));
  const rounder = new NearestRounder(type, runs * size, runs);
  const total = outer * blocks;
  for (let block = 0; block < total; ) {
    const at = isWhole ? 0 : block % blocks;
    const isLast = !isWhole && at === blocks - 1;
    const left = isWhole ? total - block : isLast ? 1 : blocks - 1 - at;
    const count = Math.min(runs, left);
    const each = isLast ? length - at * size : size;
    rounder.scale(scales, zeroPoints, block, count);
    rounder.runs(weights, isWhole ? block * size : Math.floor(block / blocks) * length + at * size, count, each, bytes);
    block += count;
  }
  return codes;
}

function roundEach(
  weights: Float32Array,
  layout: BlockLayout,
  scales: Float32Array,
  zeroPoints: WeightCodes | null,
  type: WeightType,
  round: Rounder,
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

/** Rounds to nearest what it is given by the scales and zero points that it was given last. */
class NearestRounder {
  readonly #kernel = weightKernel();
  readonly #limits: CodeLimits;
  readonly #values: number;
  readonly #scales: number;
  readonly #zeros: number;
  readonly #codes: number;

  constructor(type: WeightType, values: number, scales: number) {
    this.#limits = weightLimits(type);
    const places = this.#kernel.place(4 * values, 4 * scales, 4 * scales, values);
    [this.#values = 0, this.#scales = 0, this.#zeros = 0, this.#codes = 0] = places;
  }

  scale(scales: Float32Array, zeroPoints: WeightCodes | null, from: number, count: number): void {
    const { floats } = this.#kernel;
    floats.set(scales.subarray(from, from + count), this.#scales / 4);
    if (zeroPoints) floats.set(zeroPoints.subarray(from, from + count), this.#zeros / 4);
    else floats.fill(0, this.#zeros / 4, this.#zeros / 4 + count);
  }

  /** Values that each have a scale of their own. */
  each(weights: Float32Array, from: number, count: number, codes: Uint8Array): void {
    const { floats, bytes } = this.#kernel;
    floats.set(weights.subarray(from, from + count), this.#values / 4);
    this.#kernel.quantizeEach(this.#values, this.#scales, this.#zeros, this.#codes, count, ...this.#limits);
    codes.set(bytes.subarray(this.#codes, this.#codes + count), from);
  }

  /** Runs of values that share one. */
  runs(weights: Float32Array, from: number, runs: number, each: number, codes: Uint8Array): void {
    const { floats, bytes } = this.#kernel;
    const count = runs * each;
    floats.set(weights.subarray(from, from + count), this.#values / 4);
    this.#kernel.quantizeRuns(this.#values, this.#scales, this.#zeros, this.#codes, runs, each, ...this.#limits);
    codes.set(bytes.subarray(this.#codes, this.#codes + count), from);
  }
}

/** w = (q - zero point) * scale in float32, in `weights`. */
export function dequantizeBlocks(
  codes: WeightCodes,
  layout: BlockLayout,
  scales: Float32Array,
  zeroPoints: WeightCodes | null,
  weights = new Float32Array(codes.length),
): Float32Array {
  const dequantizer = new Dequantizer(codes, scales, zeroPoints, weights);
  const { outer, length, inner, size } = layout;
  const blocks = blocksAlong(layout);
  for (let o = 0; o < outer; o++) {
    for (let k = 0; k < length; k += inner === 1 ? size : 1) {
      const at = (o * blocks + Math.floor(k / size)) * inner;
      const from = (o * length + k) * inner;
      if (inner === 1) dequantizer.run(from, Math.min(size, length - k), at);
      else dequantizer.each(from, inner, at);
    }
  }
  return weights;
}
