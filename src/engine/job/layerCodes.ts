import type { EncodedWeight } from "../encode/weight.ts";
import type { LayerProducts } from "../model/rounding.ts";
import { type ChannelGrid, gridValue, nearestCodes, productError, productSquare } from "../numerics/channelGrid.ts";
import { cholesky, solveCholesky } from "../numerics/cholesky.ts";
import { ProductRounding } from "../numerics/gptq.ts";
import { productScales } from "../numerics/productScales.ts";
import { type WeightCodes, weightCodes, weightLimits } from "../values/codes.ts";
import type { WeightRows } from "./weightRows.ts";

/** Channels that are rounded before others get a turn. */
const TOGETHER = 16;

/** Codes, scales and zero points of a weight, in its own order. */
export interface BlockCodes {
  readonly codes: WeightCodes;
  readonly scales: Float32Array;
  readonly zeroPoints: WeightCodes | null;
  /** As `LayerCodes` has them. */
  readonly plain: number;
  readonly found: number;
  readonly left: number;
}

/** The scale that takes the place of one. */
export type Allowed = NonNullable<ChannelGrid["allowed"]>;

/** Codes of one channel on the grid that they are of. */
interface ChannelCodes {
  readonly codes: Int16Array;
  readonly grid: ChannelGrid;
  readonly error: number;
}

/** A channel's codes that need no samples, and those found on them. */
interface FoundChannel {
  readonly nearest: ChannelCodes;
  readonly found: ChannelCodes;
}

/**
 * Codes of a weight in blocks that give nearly the products that are wanted (numerics/gptq.ts), from the scales and zero points that
 * lose least of them block by block; of channels that those of `plain` serve better, these.
 */
export function productCodes(
  given: LayerProducts,
  rows: WeightRows,
  plain: EncodedWeight,
  allowed: Allowed,
  report: (part: number) => void,
): Promise<BlockCodes> {
  const { inputs } = rows;
  const { gram, cross } = given;
  const products = { inputs, gram };
  const factor = cross.some((value) => value !== 0) ? cholesky(gram, inputs) : null;
  const rounding = new ProductRounding(products);
  return byChannels(given, rows, plain, allowed, report, (row, channel, grid) => {
    const wanted = wantedOf(row, cross.subarray(channel * inputs, (channel + 1) * inputs), factor);
    const began = productScales(wanted, products, grid.block, plain.type, allowed);
    const { codes, scales, error } = rounding.round(wanted, began, true);
    const nearest = { codes: nearestCodes(wanted, grid), grid, error: rounding.nearest(wanted, grid) };
    return { nearest, found: { codes, grid: { ...began, scales }, error } };
  });
}

/** Codes next to the weights, under scales and zero points that lose least of the products block by block. */
export function clippedCodes(
  given: LayerProducts,
  rows: WeightRows,
  plain: EncodedWeight,
  allowed: Allowed,
  report: (part: number) => void,
): Promise<BlockCodes> {
  const products = { inputs: rows.inputs, gram: given.gram };
  const onGrid = (row: Float32Array, grid: ChannelGrid): ChannelCodes => {
    const codes = nearestCodes(row, grid);
    return { codes, grid, error: productError(row, codes, grid, products) };
  };
  return byChannels(given, rows, plain, allowed, report, (row, _, grid) => ({
    nearest: onGrid(row, grid),
    found: onGrid(row, productScales(row, products, grid.block, plain.type, allowed)),
  }));
}

async function byChannels(
  products: LayerProducts,
  { weight, channels, inputs }: WeightRows,
  { codes: plain, type, dims, blocks, scales, zeroPoints }: EncodedWeight,
  allowed: Allowed,
  report: (part: number) => void,
  codesOf: (row: Float32Array, channel: number, grid: ChannelGrid) => FoundChannel,
): Promise<BlockCodes> {
  if (!blocks) throw new Error("Codes are found of blocks.");
  const isByColumns = blocks.axis === 0 && dims.length > 1;
  const along = Math.ceil(inputs / blocks.size);
  const made = {
    codes: weightCodes(type, weight.length),
    scales: scales.slice(),
    zeroPoints: zeroPoints?.slice() ?? null,
  };
  const errors = { plain: 0, found: 0 };
  for (let channel = 0; channel < channels; channel++) {
    if (channel % TOGETHER === 0) {
      report(channel / channels);
      await new Promise((resolve) => setTimeout(resolve));
    }
    const at = Array.from({ length: along }, (_, block) =>
      isByColumns ? block * channels + channel : channel * along + block,
    );
    const grid = {
      block: blocks.size,
      scales: Float32Array.from(at, (each) => scales[each] as number),
      zeroPoints: at.map((each) => zeroPoints?.[each] ?? 0),
      limits: weightLimits(type),
      allowed,
    };
    const row = weight.slice(channel * inputs, (channel + 1) * inputs);
    const { nearest, found } = codesOf(row, channel, grid);
    const best = found.error < nearest.error ? found : nearest;
    for (const [block, each] of at.entries()) {
      made.scales[each] = best.grid.scales[block] as number;
      if (made.zeroPoints) made.zeroPoints[each] = best.grid.zeroPoints[block] as number;
    }
    const place = (input: number) => (isByColumns ? input * channels + channel : channel * inputs + input);
    for (let input = 0; input < inputs; input++) made.codes[place(input)] = best.codes[input] as number;
    const before = Int16Array.from(row, (_, input) => plain[place(input)] as number);
    errors.plain += wholeError(products, row, channel, before, grid);
    errors.found += wholeError(products, row, channel, best.codes, best.grid);
  }
  const power = products.power.reduce((sum, value) => sum + value, 0);
  const share = (error: number) => (power > 0 ? error / power : 0);
  const left = errors.plain > 0 ? errors.found / errors.plain : 1;
  return { ...made, plain: share(errors.plain), found: share(errors.found), left };
}

/**
 * The squared error of a channel's products against the float model's own, that of drifted inputs included: with d the errors of the
 * weights, d' H d + 2 d'k + E(w e)^2, without the noise on the diagonal of H (learning/reconstruction.ts).
 */
export function wholeError(
  { gram, noise, cross, drift }: LayerProducts,
  row: Float32Array,
  channel: number,
  codes: Int16Array,
  grid: ChannelGrid,
): number {
  const errors = Float64Array.from(row, (value, input) => gridValue(codes[input] as number, input, grid) - value);
  const begin = channel * row.length;
  let sum = productSquare(errors, { inputs: row.length, gram }) + (drift[channel] as number);
  for (const [at, error] of errors.entries()) {
    sum += error * (2 * (cross[begin + at] as number) - (noise[0] as number) * error);
  }
  return Math.max(0, sum);
}

/** The weights that would give the layer's own products from inputs that have drifted: w - H^-1 k, with k of `LayerProducts.cross`. */
export function wantedOf(row: Float32Array, cross: Float32Array, factor: Float64Array | null): Float32Array {
  if (!factor) return row;
  const shift = Float64Array.from(cross);
  solveCholesky(factor, row.length, shift);
  return row.map((value, at) => value - (shift[at] as number));
}
