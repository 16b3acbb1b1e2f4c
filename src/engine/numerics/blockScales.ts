import type { BlocksToFit, FittedBlocks } from "../model/fitting.ts";
import {
  isAsymmetric,
  type WeightCodes,
  type WeightType,
  weightBits,
  weightCodes,
  weightLimits,
} from "../values/codes.ts";
import { SCALE_FLOOR } from "./affine.ts";
import { type BlockLayout, blocksAlong, scaleCount } from "./blocks.ts";
import type { ChannelLayout } from "./channels.ts";
import { weightKernel } from "./kernel/weightKernel.ts";
import { forEachRow, rowsOf } from "./reduction.ts";

export type BlockScales = FittedBlocks;

/** What is tried of a block, and by which error. */
interface Search {
  /** Shares of the scale that holds all of it; none where that scale is taken. */
  readonly shares: readonly number[];
  /** Whether errors count as their squares, not as their powers of 2.5. */
  readonly isSquare: boolean;
}

const EXTREMES: Search = { shares: [], isSquare: false };

/**
 * Scales and zero points of blocks that hold the least and the largest weight, zero included; those of symmetric types the
 * largest magnitude. Throws RangeError when a weight is not finite.
 */
export function extremeScales(weights: Float32Array, layout: BlockLayout, type: WeightType): BlockScales {
  return new Fitting(scaleCount(layout), type, EXTREMES, null).blocks(weights, layout);
}

/**
 * Scales and zero points of whole output channels, for types that have zero points: of least error in 4 bits, and in 8, where
 * clipping has little to win, those that hold the least and the largest weight. Throws RangeError when a weight is not finite.
 */
export function asymmetricScales(weights: Float32Array, layout: ChannelLayout, type: WeightType): BlockScales {
  const search = weightBits(type) === 8 ? EXTREMES : searchOf(type);
  return new Fitting(layout.channels, type, search, null).channels(weights, layout);
}

/** Shares of the scale that holds all of a block which are tried: clipping gains where there are few codes. */
const SHARES: Readonly<Record<8 | 4 | 2, readonly number[]>> = {
  8: [1],
  4: [1, 0.95, 0.9, 0.85, 0.8, 0.75, 0.7],
  2: [1, 0.9, 0.8, 0.7, 0.6, 0.5, 0.45, 0.4, 0.35, 0.3],
};

/** Without zero points the scale is all there is to find, in steps of a fortieth, and squares serve the outputs better. */
const SYMMETRIC: Search = { shares: Array.from({ length: 16 }, (_, at) => (41 - at) / 40), isSquare: true };

function searchOf(type: WeightType): Search {
  return type === "int4" ? SYMMETRIC : { shares: SHARES[weightBits(type)], isSquare: false };
}

/**
 * Scales and zero points of least error sum h |w - s (q - z)|^2.5 of a block, of int4 the square, without data: for each of some shares of the range that
 * holds all of it, and the zero points next to where its middle lies, the scale that a least squares fit of the codes gives, and
 * then the neighbours of the best. The idea that scale and zero point are best found by the weights' own error, with a norm that
 * outliers weigh in otherwise than in squares, is that of Badri and Shaji, *Half-Quadratic Quantization of Large Machine Learning
 * Models* (2023). `importance` holds how large each input along the axis is, where that is known without data: h is its
 * square, and 1 where it is null. Throws RangeError when a weight is not finite. The search is in WebAssembly (kernel/assembly/weights.ts).
 */
export function leastErrorBlocks(
  weights: Float32Array,
  layout: BlockLayout,
  type: WeightType,
  importance: Float32Array | null,
): BlockScales {
  return fitBlocks({ values: weights, layout, type, importance: squared(importance) });
}

/** The same, given how much each value along the axis counts. A block's scale depends on no other block. */
export function fitBlocks({ values, layout, type, importance }: BlocksToFit): BlockScales {
  return new Fitting(scaleCount(layout), type, searchOf(type), importance).blocks(values, layout);
}

/** Squares of magnitudes, 1 in the mean; null where all are alike or one is not finite. */
export function squared(importance: Float32Array | null): Float64Array | null {
  if (!importance) return null;
  let sum = 0;
  for (let k = 0; k < importance.length; k++) sum += Math.abs(importance[k] as number);
  const mean = sum / importance.length;
  if (!(mean > 0 && mean < Infinity)) return null;
  return Float64Array.from(importance, (value) => (value / mean) ** 2);
}

/** Values that the kernel is given at once, about: as many as stay in a core's second cache. */
const TOGETHER = 1 << 17;
/** Keeps rows whose length is a power of two out of each other's cache sets. */
const GAP = 16;

/** Blocks on their way through the kernel. */
interface Placed {
  readonly values: number;
  readonly blocks: number;
  readonly count: number;
  readonly along: number;
  readonly between: number;
  /** Where along the axis they begin. */
  readonly first: number;
}

class Fitting {
  readonly #kernel = weightKernel();
  readonly #type: WeightType;
  readonly #search: Search;
  readonly #squares: Float64Array | null;
  readonly #scales: Float32Array;
  readonly #zeroPoints: WeightCodes | null;
  readonly #dead: number[] = [];
  #scalesAt = 0;
  #zerosAt = 0;
  #scratchAt = 0;
  #sharesAt = 0;
  #squaresAt = 0;

  constructor(count: number, type: WeightType, search: Search, squares: Float64Array | null) {
    this.#type = type;
    this.#search = search;
    this.#squares = squares;
    this.#scales = new Float32Array(count);
    this.#zeroPoints = isAsymmetric(type) ? weightCodes(type, count) : null;
  }

  blocks(weights: Float32Array, layout: BlockLayout): BlockScales {
    const { outer, length, inner, size } = layout;
    const blocks = blocksAlong(layout);
    const longest = Math.min(size, length);
    if (inner === 1) {
      const rows = Math.max(1, Math.min(outer, Math.floor(TOGETHER / length)));
      const values = this.#place(rows * length, longest, rows);
      for (let o = 0; o < outer; o += rows) {
        const count = Math.min(rows, outer - o);
        this.#kernel.floats.set(weights.subarray(o * length, (o + count) * length), values / 4);
        for (let block = 0; block < blocks; block++) {
          const first = block * size;
          const placed = { blocks: count, count: Math.min(size, length - first), along: 1, between: length, first };
          this.#fit({ values: values + 4 * first, ...placed }, o * blocks + block, blocks);
        }
      }
      return this.#fitted();
    }
    const columns = Math.min(inner, Math.max(GAP, Math.floor(TOGETHER / longest)));
    const pitch = columns + GAP;
    const values = this.#place(longest * pitch, longest, columns);
    for (let o = 0; o < outer; o++) {
      for (let block = 0; block < blocks; block++) {
        const first = block * size;
        const count = Math.min(size, length - first);
        for (let column = 0; column < inner; column += columns) {
          const width = Math.min(columns, inner - column);
          for (let k = 0; k < count; k++) {
            const from = (o * length + first + k) * inner + column;
            this.#kernel.floats.set(weights.subarray(from, from + width), values / 4 + k * pitch);
          }
          const placed = { values, blocks: width, count, along: pitch, between: 1, first };
          this.#fit(placed, (o * blocks + block) * inner + column, 1);
        }
      }
    }
    return this.#fitted();
  }

  channels(weights: Float32Array, layout: ChannelLayout): BlockScales {
    const rows = rowsOf(layout);
    const count = rows.length;
    const values = this.#place(count, count, 1);
    forEachRow(weights, rows, (row, channel) => {
      this.#kernel.floats.set(row, values / 4);
      this.#fit({ values, blocks: 1, count, along: 1, between: 0, first: 0 }, channel, 1);
    });
    return this.#fitted();
  }

  /** Room for so many values in blocks of up to a length, as many at once as are given; gives the address of the values. */
  #place(values: number, longest: number, together: number): number {
    const squares = this.#squares?.length ?? 0;
    const sizes = [4 * values, 16 * longest, 4 * together, together, 8 * this.#search.shares.length, 8 * squares];
    const [at = 0, scratch = 0, scales = 0, zeros = 0, shares = 0, importance = 0] = this.#kernel.place(...sizes);
    this.#kernel.doubles.set(this.#search.shares, shares / 8);
    if (this.#squares) this.#kernel.doubles.set(this.#squares, importance / 8);
    this.#scratchAt = scratch;
    this.#scalesAt = scales;
    this.#zerosAt = zeros;
    this.#sharesAt = shares;
    this.#squaresAt = importance;
    return at;
  }

  /** Fits what is placed; the first scale goes to a place, and the others so many after each other. */
  #fit({ values, blocks, count, along, between, first }: Placed, to: number, stride: number): void {
    const kernel = this.#kernel;
    const [lowest, highest] = weightLimits(this.#type);
    const zeros = this.#zeroPoints;
    kernel.fit(
      values,
      blocks,
      count,
      along,
      between,
      this.#scratchAt,
      this.#squares ? this.#squaresAt + 8 * first : 0,
      this.#scalesAt,
      zeros ? this.#zerosAt : 0,
      lowest,
      highest,
      this.#sharesAt,
      this.#search.shares.length,
      this.#search.isSquare ? 1 : 0,
    );
    for (let i = 0, at = to; i < blocks; i++, at += stride) {
      const scale = kernel.floats[this.#scalesAt / 4 + i] as number;
      if (!(scale < Infinity)) throw new RangeError(`A weight of block ${at} is not finite.`);
      this.#scales[at] = Math.max(scale, SCALE_FLOOR);
      if (scale < SCALE_FLOOR) this.#dead.push(at);
      if (zeros) zeros[at] = kernel.bytes[this.#zerosAt + i] as number;
    }
  }

  #fitted(): BlockScales {
    const dead = this.#dead.sort((a, b) => a - b);
    return { scales: this.#scales, zeroPoints: this.#zeroPoints, dead };
  }
}
