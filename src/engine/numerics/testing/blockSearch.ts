import { clamp } from "../../values/clamp.ts";
import {
  type CodeLimits,
  isAsymmetric,
  type WeightType,
  weightBits,
  weightCodes,
  weightLimits,
} from "../../values/codes.ts";
import { roundHalfEven, roundSmallHalfEven } from "../../values/round.ts";
import { SCALE_FLOOR } from "../affine.ts";
import type { BlockScales } from "../blockScales.ts";
import { type BlockLayout, blocksAlong, scaleCount } from "../blocks.ts";
import type { ChannelLayout } from "../channels.ts";
import { forEachRow, rowsOf } from "../reduction.ts";

// What kernel/assembly/weights.ts computes, one block and one value after the other.

/** What a block comes to. */
interface Fit {
  scale: number;
  zeroPoint: number;
}

type Fitter = (block: Float32Array, first: number, fit: Fit) => void;
/** Goes through blocks: the values of each, the place of its scale, and where it begins. */
type Blocks = (visit: (block: Float32Array, at: number, first: number) => void) => void;

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

/** The zero point that a scale has for values from `low`, of codes between the limits. */
function zeroPointOf(low: number, scale: number, [lowest, highest]: CodeLimits): number {
  return clamp(roundHalfEven(lowest - low / scale), lowest, highest);
}

/** As `extremeScales`. */
export function plainExtremes(weights: Float32Array, layout: BlockLayout, type: WeightType): BlockScales {
  return fitted(scaleCount(layout), blocksOf(weights, layout), type, extremeFitter(type));
}

/** As `asymmetricScales`. */
export function plainChannels(weights: Float32Array, layout: ChannelLayout, type: WeightType): BlockScales {
  const rows = rowsOf(layout);
  const search = new BlockSearch(rows.length, type, null);
  const fitter: Fitter =
    weightBits(type) === 8 ? extremeFitter(type) : (row, first, fit) => search.fit(row, first, fit);
  const channels: Blocks = (visit) => forEachRow(weights, rows, (row, channel) => visit(row, channel, 0));
  return fitted(layout.channels, channels, type, fitter);
}

/** As `leastErrorBlocks`. */
export function plainLeastError(
  weights: Float32Array,
  layout: BlockLayout,
  type: WeightType,
  importance: Float32Array | null,
): BlockScales {
  const search = new BlockSearch(layout.size, type, squared(importance));
  return fitted(scaleCount(layout), blocksOf(weights, layout), type, (block, first, fit) =>
    search.fit(block, first, fit),
  );
}

function extremeFitter(type: WeightType): Fitter {
  const limits = weightLimits(type);
  const [lowest, highest] = limits;
  if (!isAsymmetric(type)) {
    return (block, _, fit) => {
      const [low, high] = extremesOf(block);
      fit.scale = Math.fround(Math.max(high, -low) / highest);
    };
  }
  return (block, _, fit) => {
    const [low, high] = extremesOf(block);
    fit.scale = Math.fround((high - low) / (highest - lowest));
    fit.zeroPoint = fit.scale > 0 ? zeroPointOf(low, fit.scale, limits) : lowest;
  };
}

/** Shares of the scale that holds all of a block which are tried: clipping gains where there are few codes. */
const SHARES: Readonly<Record<8 | 4 | 2, readonly number[]>> = {
  8: [1],
  4: [1, 0.95, 0.9, 0.85, 0.8, 0.75, 0.7],
  2: [1, 0.9, 0.8, 0.7, 0.6, 0.5, 0.45, 0.4, 0.35, 0.3],
};
/** The same of int4, whose errors count as their squares. */
const SYMMETRIC = Array.from({ length: 16 }, (_, at) => (41 - at) / 40);
/** Tried around the best of them. */
const NEAR = [0.97, 1.03];

/** Squares of magnitudes, 1 in the mean; null where all are alike or one is not finite. */
function squared(importance: Float32Array | null): Float64Array | null {
  if (!importance) return null;
  let sum = 0;
  for (let k = 0; k < importance.length; k++) sum += Math.abs(importance[k] as number);
  const mean = sum / importance.length;
  if (!(mean > 0 && mean < Infinity)) return null;
  return Float64Array.from(importance, (value) => (value / mean) ** 2);
}

class BlockSearch {
  readonly #limits: CodeLimits;
  readonly #asymmetric: boolean;
  readonly #shares: readonly number[];
  readonly #isSquare: boolean;
  readonly #squares: Float64Array | null;
  readonly #ones: Float64Array;
  readonly #whole: Fitter;
  #block: Float32Array = new Float32Array();
  #weights: Float64Array;
  #scale = 0;
  #zeroPoint = 0;
  #least = Infinity;

  constructor(size: number, type: WeightType, squares: Float64Array | null) {
    this.#limits = weightLimits(type);
    this.#asymmetric = isAsymmetric(type);
    this.#isSquare = type === "int4";
    this.#shares = this.#isSquare ? SYMMETRIC : SHARES[weightBits(type)];
    this.#squares = squares;
    this.#ones = new Float64Array(size).fill(1);
    this.#weights = this.#ones;
    this.#whole = extremeFitter(type);
  }

  fit(block: Float32Array, first: number, fit: Fit): void {
    this.#whole(block, first, fit);
    if (!(fit.scale >= SCALE_FLOOR && fit.scale < Infinity)) return;
    this.#block = block;
    this.#weights = this.#squares ? this.#squares.subarray(first, first + block.length) : this.#ones;
    this.#least = Infinity;
    this.#refine(fit.scale, fit.zeroPoint);
    const [low, high] = extremesOf(block);
    const [lowest, highest] = this.#limits;
    const whole = this.#asymmetric ? fit.scale : Math.max(high / highest, low / lowest);
    for (const share of this.#shares) {
      const scale = whole * share;
      if (!this.#asymmetric) {
        this.#refine(scale, 0);
        continue;
      }
      const middle = clamp((lowest + highest) / 2 - (low + high) / 2 / scale, lowest, highest);
      this.#refine(scale, Math.floor(middle));
      if (middle > Math.floor(middle)) this.#refine(scale, Math.ceil(middle));
    }
    if (this.#asymmetric) {
      const { scale, zeroPoint } = { scale: this.#scale, zeroPoint: this.#zeroPoint };
      if (zeroPoint > lowest) this.#refine(scale, zeroPoint - 1);
      if (zeroPoint < highest) this.#refine(scale, zeroPoint + 1);
    }
    const [scale, zeroPoint] = [this.#scale, this.#zeroPoint];
    for (const near of NEAR) this.#refine(scale * near, zeroPoint);
    fit.scale = this.#scale;
    fit.zeroPoint = this.#zeroPoint;
  }

  /** Tries a scale, and the one that fits the codes it gives best. */
  #refine(scale: number, zeroPoint: number): void {
    const fitting = this.#consider(Math.fround(scale), zeroPoint);
    if (fitting > 0) this.#consider(Math.fround(fitting), zeroPoint);
  }

  /** The scale of least squares for the codes that one gives. */
  #consider(scale: number, zeroPoint: number): number {
    if (!(scale >= SCALE_FLOOR)) return 0;
    const [low, high] = [this.#limits[0] - zeroPoint, this.#limits[1] - zeroPoint];
    const tried = tryScale(this.#block, this.#weights, scale, low, high, this.#isSquare);
    if (tried < this.#least) {
      this.#least = tried;
      this.#scale = scale;
      this.#zeroPoint = zeroPoint;
    }
    return fittingScale;
  }
}

/** What `tryScale` finds beside the error. */
let fittingScale = 0;

/** The error of a block under a scale; `fittingScale` is then the one of least squares for its codes. */
function tryScale(
  block: Float32Array,
  weights: Float64Array,
  scale: number,
  low: number,
  high: number,
  isSquare: boolean,
): number {
  const steps = 1 / scale;
  const count = block.length;
  let error = 0;
  let products = 0;
  let squares = 0;
  for (let k = 0; k < count; k++) {
    const value = block[k] as number;
    const weight = weights[k] as number;
    const code = roundSmallHalfEven(Math.min(Math.max(value * steps, low), high));
    const distance = Math.abs(value - scale * code);
    const weighted = weight * code;
    error += weight * distance * distance * (isSquare ? 1 : Math.sqrt(distance));
    products += weighted * value;
    squares += weighted * code;
  }
  fittingScale = squares > 0 ? products / squares : 0;
  return error;
}

function blocksOf(weights: Float32Array, layout: BlockLayout): Blocks {
  return (visit) => forEachBlock(weights, layout, visit);
}

function fitted(count: number, blocks: Blocks, type: WeightType, fitter: Fitter): BlockScales {
  const scales = new Float32Array(count);
  const zeroPoints = isAsymmetric(type) ? weightCodes(type, count) : null;
  const dead: number[] = [];
  const fit: Fit = { scale: 0, zeroPoint: 0 };
  blocks((block, at, first) => {
    fit.scale = 0;
    fit.zeroPoint = 0;
    fitter(block, first, fit);
    if (!(fit.scale < Infinity)) throw new RangeError(`A weight of block ${at} is not finite.`);
    if (fit.scale < SCALE_FLOOR) {
      fit.scale = SCALE_FLOOR;
      dead.push(at);
    }
    scales[at] = fit.scale;
    if (zeroPoints) zeroPoints[at] = fit.zeroPoint;
  });
  return { scales, zeroPoints, dead: dead.sort((a, b) => a - b) };
}

/** The least and the largest value, 0 among them; NaN where one is NaN. */
function extremesOf(values: Float32Array): readonly [low: number, high: number] {
  let low = 0;
  let high = 0;
  for (let i = 0; i < values.length; i++) {
    const value = values[i] as number;
    if (value < low) low = value;
    else if (value > high) high = value;
    else if (Number.isNaN(value)) return [Number.NaN, Number.NaN];
  }
  return [low, high];
}
