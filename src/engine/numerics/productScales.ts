import { clamp } from "../values/clamp.ts";
import { isAsymmetric, type WeightType, weightLimits } from "../values/codes.ts";
import { roundHalfEven } from "../values/round.ts";
import { SCALE_FLOOR } from "./affine.ts";
import type { ChannelGrid, InputProducts } from "./channelGrid.ts";

/** Shares of the scale that holds all of a block which are tried, as AWQ's search for where to clip does. */
const SHARES = Array.from({ length: 10 }, (_, at) => 1 - at / 20);

/**
 * The scale and zero point of each block of one output channel's weights with which the codes next to them lose least of the
 * products of that block, e' H e with H of its own inputs (the search for where to clip of Lin and others, *AWQ*, 2023, with the zero
 * points next to the middle, and a least squares fit of the scale to each trial's codes).
 */
export function productScales(
  weight: Float32Array,
  { inputs, gram }: InputProducts,
  block: number,
  type: WeightType,
  allowed: (scale: number) => number = Math.fround,
): ChannelGrid {
  const limits = weightLimits(type);
  const search = new BlockTrial(block, limits, allowed);
  const along = Math.ceil(inputs / block);
  const scales = new Float32Array(along);
  const zeroPoints = new Int16Array(along);
  for (let at = 0; at < along; at++) {
    const first = at * block;
    search.begin(weight.subarray(first, Math.min(inputs, first + block)), gram, inputs, first);
    const [low, high] = search.extremes;
    const whole = isAsymmetric(type)
      ? (high - low) / (limits[1] - limits[0])
      : Math.max(high / limits[1], low / limits[0]);
    for (const share of whole >= SCALE_FLOOR ? SHARES : []) {
      const scale = whole * share;
      const middle = (limits[0] + limits[1]) / 2 - (low + high) / 2 / scale;
      const points = isAsymmetric(type) ? [Math.floor(middle), Math.ceil(middle)] : [0];
      for (const point of new Set(points.map((each) => clamp(each, limits[0], limits[1])))) search.try(scale, point);
    }
    scales[at] = search.scale;
    zeroPoints[at] = search.zeroPoint;
  }
  return { block, scales, zeroPoints, limits, allowed };
}

/** Tries scales and zero points of one block after the other, and keeps the best. */
class BlockTrial {
  readonly #limits: ChannelGrid["limits"];
  readonly #allowed: (scale: number) => number;
  /** H of the block, and H w. */
  readonly #gram: Float64Array;
  readonly #products: Float64Array;
  #weight: Float32Array = new Float32Array();
  /** w' H w. */
  #energy = 0;
  /** The codes tried last, less their zero point, and for them c' H w and c' H c. */
  readonly #codes: Float64Array;
  #mixed = 0;
  #squares = 0;
  #least = Infinity;
  scale = SCALE_FLOOR;
  zeroPoint = 0;

  constructor(size: number, limits: ChannelGrid["limits"], allowed: (scale: number) => number) {
    this.#limits = limits;
    this.#allowed = allowed;
    this.#codes = new Float64Array(size);
    this.#gram = new Float64Array(size * size);
    this.#products = new Float64Array(size);
  }

  begin(weight: Float32Array, gram: ArrayLike<number>, inputs: number, first: number): void {
    const size = weight.length;
    this.#weight = weight;
    [this.#least, this.scale, this.zeroPoint] = [Infinity, SCALE_FLOOR, 0];
    this.#codes.fill(0);
    [this.#energy, this.#mixed, this.#squares] = [0, 0, 0];
    for (let i = 0; i < size; i++) {
      let sum = 0;
      for (let j = 0; j < size; j++) {
        const value = gram[(first + i) * inputs + first + j]!;
        this.#gram[i * size + j] = value;
        sum += value * weight[j]!;
      }
      this.#products[i] = sum;
      this.#energy += sum * weight[i]!;
    }
  }

  /** The least and the largest weight, 0 among them. */
  get extremes(): readonly [low: number, high: number] {
    return [this.#weight.reduce((a, b) => Math.min(a, b), 0), this.#weight.reduce((a, b) => Math.max(a, b), 0)];
  }

  /** Tries a scale, and the one that fits its codes best. */
  try(scale: number, zeroPoint: number): void {
    const fitting = this.#consider(this.#allowed(scale), zeroPoint);
    if (fitting > 0) this.#consider(this.#allowed(fitting), zeroPoint);
  }

  /** Keeps what is better than all before; gives the scale of least squares for its codes, 0 where there is none. */
  #consider(scale: number, zeroPoint: number): number {
    if (!(scale >= SCALE_FLOOR && scale < Infinity)) return 0;
    const size = this.#weight.length;
    const [low, high] = [this.#limits[0] - zeroPoint, this.#limits[1] - zeroPoint];
    let isOther = false;
    for (let k = 0; k < size; k++) {
      const code = clamp(roundHalfEven(this.#weight[k]! / scale), low, high);
      if (code === this.#codes[k]) continue;
      this.#codes[k] = code;
      isOther = true;
    }
    if (isOther) this.#measure();
    const error = this.#energy - 2 * scale * this.#mixed + scale * scale * this.#squares;
    if (error < this.#least) [this.#least, this.scale, this.zeroPoint] = [error, scale, zeroPoint];
    return this.#squares > 0 ? this.#mixed / this.#squares : 0;
  }

  #measure(): void {
    const size = this.#weight.length;
    [this.#mixed, this.#squares] = [0, 0];
    for (let i = 0; i < size; i++) {
      const code = this.#codes[i]!;
      if (code === 0) continue;
      let before = 0;
      for (let j = 0, at = i * size; j < i; j++, at++) before += this.#gram[at]! * this.#codes[j]!;
      this.#mixed += code * this.#products[i]!;
      this.#squares += code * (code * this.#gram[i * size + i]! + 2 * before);
    }
  }
}
