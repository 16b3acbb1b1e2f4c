import type { InputMeans, LayerProducts } from "../model/rounding.ts";
import { leastErrorBlocks } from "../numerics/blockScales.ts";
import { blockLayout } from "../numerics/blocks.ts";
import { type ChannelGrid, gridValue } from "../numerics/channelGrid.ts";
import { cholesky } from "../numerics/cholesky.ts";
import { ProductRounding } from "../numerics/gptq.ts";
import { weightLimits } from "../values/codes.ts";
import { wantedOf, wholeError } from "./layerCodes.ts";
import type { WeightRows } from "./weightRows.ts";

/** How much noisier each input is taken to be, in shares of its own mean square. */
const NOISES = [0, 0.1, 0.3, 1, 3, 10, 30];
/** Channels on which that is chosen. */
const TRIED = 32;
/** Channels that are rounded before others get a turn. */
const TOGETHER = 16;

/** Codes of a weight by rows of output channels, with a scale and a zero point for each, in int4. */
export interface ChannelCodes {
  readonly codes: Int8Array;
  readonly scales: Float32Array;
  /** Null where codes are symmetric. */
  readonly zeroPoints: Int8Array | null;
  /** What is added to the bias of each output channel, so that its mean error is none; null where no bias takes it up. */
  readonly shift: Float32Array | null;
  /** Of `NOISES`, that which lost least of the products held out. */
  readonly noise: number;
  /** The squared error of the products held out, as a share of their own square, without mean errors that a bias takes up. */
  readonly loss: number;
}

/**
 * Codes in int4 of a weight with a scale a channel, and a zero point where it may have one, that give nearly the float layer's products on
 * the quantized model's inputs (numerics/gptq.ts): codes, scales and zero points are found together. Few samples say little of many
 * inputs, so inputs count as noisier by the share of their mean square with which the products of samples held out lose least.
 */
export async function channelCodes(
  rows: WeightRows,
  { taught, held }: { readonly taught: LayerProducts; readonly held: LayerProducts },
  isSymmetric: boolean,
  report: (part: number) => void,
): Promise<ChannelCodes> {
  const { weight, channels, inputs } = rows;
  const groups = taught.gram.length / inputs ** 2;
  const groupOf = (channel: number) => Math.floor(channel / (channels / groups));
  const tried = triedOf(channels);
  const work = NOISES.length * tried.length + channels;
  let done = 0;
  const next = async () => {
    if (done++ % TOGETHER !== 0) return;
    report(done / work);
    await new Promise((resolve) => setTimeout(resolve));
  };
  const rowOf = (channel: number) => weight.subarray(channel * inputs, (channel + 1) * inputs);
  const errorOf = (channel: number, { codes, grid }: RoundedChannel) =>
    wholeError(ofGroup(held, groupOf(channel), inputs), rowOf(channel), channel, codes, grid);

  let best = { noise: 0, error: Infinity };
  for (const noise of NOISES) {
    const rounder = new ChannelRounder(taught, inputs, noise, isSymmetric);
    let error = 0;
    for (const channel of tried) {
      await next();
      error += errorOf(channel, rounder.round(rowOf(channel), channel, groupOf(channel)));
    }
    if (error < best.error) best = { noise, error };
  }
  const rounder = new ChannelRounder(taught, inputs, best.noise, isSymmetric);
  const made = {
    codes: new Int8Array(weight.length),
    scales: new Float32Array(channels),
    zeroPoints: isSymmetric ? null : new Int8Array(channels),
    shift: taught.means && new Float32Array(channels),
  };
  let error = 0;
  for (let channel = 0; channel < channels; channel++) {
    await next();
    const rounded = rounder.round(rowOf(channel), channel, groupOf(channel));
    const { codes, grid } = rounded;
    const [lowest] = grid.limits;
    const offset = lowest - weightLimits("int4")[0];
    for (const [at, code] of codes.entries()) made.codes[channel * inputs + at] = code - offset;
    made.scales[channel] = grid.scales[0] as number;
    if (made.zeroPoints) made.zeroPoints[channel] = (grid.zeroPoints[0] as number) - offset;
    if (made.shift && taught.means) {
      made.shift[channel] = shiftOf(rowOf(channel), rounded, taught.means, groupOf(channel) * inputs);
    }
    error += errorOf(channel, rounded);
  }
  const power = held.power.reduce((sum, value) => sum + value, 0);
  return { ...made, noise: best.noise, loss: power > 0 ? error / power : 0 };
}

interface RoundedChannel {
  readonly codes: Int16Array;
  readonly grid: ChannelGrid;
}

/** What channels of one group are rounded by: how large its inputs are, and the Cholesky factor of their products, null where these are singular. */
interface GroupRounding {
  readonly magnitudes: Float32Array;
  readonly rounding: ProductRounding;
  readonly factor: Float64Array | null;
}

/** Rounds channels by what a layer's products depend on, each input noisier by a share of its mean square. */
class ChannelRounder {
  readonly #taught: LayerProducts;
  readonly #inputs: number;
  readonly #noise: number;
  readonly #type: "int4" | "uint4";
  #last: { readonly group: number; readonly by: GroupRounding } | null = null;

  constructor(taught: LayerProducts, inputs: number, noise: number, isSymmetric: boolean) {
    this.#taught = taught;
    this.#inputs = inputs;
    this.#noise = noise;
    this.#type = isSymmetric ? "int4" : "uint4";
  }

  round(row: Float32Array, channel: number, group: number): RoundedChannel {
    if (this.#last?.group !== group) this.#last = { group, by: this.#of(group) };
    const { magnitudes, rounding, factor } = this.#last.by;
    const cross = this.#taught.cross.subarray(channel * this.#inputs, (channel + 1) * this.#inputs);
    const wanted = wantedOf(row, cross, factor);
    const began = this.#beginning(wanted, magnitudes);
    const { codes, scales } = rounding.round(wanted, began, true);
    return { codes, grid: { ...began, scales } };
  }

  /** The scale and the zero point of least error, each input counted by its mean square. */
  #beginning(wanted: Float32Array, magnitudes: Float32Array): ChannelGrid {
    const block = this.#inputs;
    const { scales, zeroPoints } = leastErrorBlocks(wanted, blockLayout([1, block], 1, block), this.#type, magnitudes);
    return { block, scales, zeroPoints: zeroPoints ?? [0], limits: weightLimits(this.#type) };
  }

  #of(group: number): GroupRounding {
    const inputs = this.#inputs;
    const gram = Float64Array.from(ofGroup(this.#taught, group, inputs).gram);
    for (let at = 0; at < gram.length; at += inputs + 1) gram[at]! *= 1 + this.#noise;
    const magnitudes = Float32Array.from({ length: inputs }, (_, at) => Math.sqrt(gram[at * (inputs + 1)]!));
    return { magnitudes, rounding: new ProductRounding({ inputs, gram }), factor: cholesky(gram, inputs) };
  }
}

function ofGroup(products: LayerProducts, group: number, inputs: number): LayerProducts {
  const size = inputs ** 2;
  return {
    ...products,
    gram: products.gram.subarray(group * size, (group + 1) * size),
    noise: products.noise.subarray(group, group + 1),
  };
}

/** -(d E[x^] + w E[e]), with d the errors of the weights. */
function shiftOf(row: Float32Array, { codes, grid }: RoundedChannel, means: InputMeans, first: number): number {
  let sum = 0;
  for (const [at, value] of row.entries()) {
    const error = gridValue(codes[at] as number, at, grid) - value;
    sum += error * (means.rounded[first + at] as number) + value * (means.drift[first + at] as number);
  }
  return 0 - sum;
}

/** So many channels, evenly spread. */
function triedOf(channels: number): number[] {
  const count = Math.min(TRIED, channels);
  return Array.from({ length: count }, (_, at) => Math.floor(((at + 0.5) * channels) / count));
}
