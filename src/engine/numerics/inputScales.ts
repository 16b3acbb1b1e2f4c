import type { WeightType } from "../values/codes.ts";
import { type InputProducts, nearestCodes, productError } from "./channelGrid.ts";
import { productScales } from "./productScales.ts";

/** Powers of the inputs' magnitudes that are tried: 0, which leaves them as they are, to 1. */
const POWERS = Array.from({ length: 21 }, (_, at) => at / 20);
/** Output channels of each matrix that the powers are tried on, evenly spaced. */
const TRIED_CHANNELS = 64;
/** No input is divided or multiplied by more. */
const LARGEST = 1e4;

/** A matrix that reads the inputs, as rows of output channels: [channels, inputs]. */
export interface ReadRows {
  readonly weight: Float32Array;
  readonly channels: number;
  /** What it becomes. */
  readonly type: WeightType;
}

export interface InputScales {
  /** What each input is divided by, 1 in the geometric mean. */
  readonly scales: Float64Array;
  readonly power: number;
  /** Squared error of the products with these scales, by that without; of the channels that were tried. */
  readonly left: number;
}

/**
 * Scales s of inputs, by which their weights are multiplied before they are rounded: s = mean|x|^p, with the p whose products lose
 * least (Lin and others, *AWQ: Activation-aware Weight Quantization*, 2023, section 3.2). `pause` is awaited between trials.
 */
export async function inputScales(
  rows: readonly ReadRows[],
  { inputs, gram }: InputProducts,
  magnitudes: Float64Array,
  block: number,
  pause: (part: number) => Promise<void>,
): Promise<InputScales> {
  let best: { scales: Float64Array; power: number; error: number } = {
    scales: new Float64Array(inputs).fill(1),
    power: 0,
    error: Infinity,
  };
  let plain = 0;
  for (const [at, power] of POWERS.entries()) {
    const scales = scalesOf(magnitudes, power);
    const products = { inputs, gram: dividedGram(gram, scales) };
    let error = 0;
    for (const { weight, channels, type } of rows) {
      await pause(at / POWERS.length);
      const step = Math.max(1, Math.floor(channels / TRIED_CHANNELS));
      for (let channel = 0; channel < channels; channel += step) {
        const row = weight.slice(channel * inputs, (channel + 1) * inputs).map((value, i) => value * scales[i]!);
        const grid = productScales(row, products, block, type);
        error += productError(row, nearestCodes(row, grid), grid, products);
      }
    }
    if (power === 0) plain = error;
    if (error < best.error) best = { scales, power, error };
  }
  const { scales, power, error } = best;
  return { scales, power, left: plain > 0 ? error / plain : 1 };
}

/** Inputs that are always 0 keep 1. */
function scalesOf(magnitudes: Float64Array, power: number): Float64Array {
  const live = magnitudes.filter((value) => value > 0);
  const mean = live.reduce((sum, value) => sum + Math.log(value), 0) / live.length;
  return magnitudes.map((value) =>
    value > 0 ? Math.min(LARGEST, Math.max(1 / LARGEST, Math.exp(power * (Math.log(value) - mean)))) : 1,
  );
}

function dividedGram(gram: ArrayLike<number>, scales: Float64Array): Float64Array {
  const { length } = scales;
  return Float64Array.from({ length: length * length }, (_, at) => {
    return gram[at]! / (scales[Math.floor(at / length)]! * scales[at % length]!);
  });
}
