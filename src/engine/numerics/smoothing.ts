import type { Affine } from "../model/range.ts";
import { type ActivationType, type WeightType, weightLimits } from "../values/codes.ts";
import { smoothingScales } from "../values/smoothing.ts";
import { channelLayout } from "./channels.ts";
import { signalToNoise } from "./decibels.ts";
import { dequantize, quantize } from "./quantize.ts";
import { dequantizeWeights, quantizeWeights, weightScales } from "./weights.ts";

/** Powers that are tried: of how far inputs reach; the rest to 1 is that of how far weights do. */
export const ALPHAS = Array.from({ length: 10 }, (_, at) => (at + 1) / 10);
/** Output channels of each matrix that are tried, evenly spaced. */
const TRIED_CHANNELS = 64;
/** In dB: less is not worth other weights. */
const LEAST_GAIN = 0.1;

/** What was seen of a tensor in one sample. */
export interface SeenRows {
  /** Some of its rows: [rows, channels]. */
  readonly rows: Float32Array;
  /** The least and the largest value of each channel, in all rows. */
  readonly min: Float64Array;
  readonly max: Float64Array;
}

/** A matrix that reads the tensor, as rows of output channels: [outputs, channels]. */
export interface ReadMatrix {
  readonly weight: Float32Array;
  readonly outputs: number;
  readonly type: WeightType;
  /** Whether each output channel has a scale of its own; else all have one. */
  readonly perChannel: boolean;
}

/** How activations become codes: parameters for each sample, of tensors whose channels were divided. */
export interface Coding {
  readonly type: ActivationType;
  readonly affines: (samples: readonly SeenRows[]) => readonly Affine[];
}

export interface Smoothing {
  /** Null where no power gains: channels stay as they are. */
  readonly alpha: number | null;
  readonly scales: Float64Array;
  /** SQNR of the products in dB, channels as they were and divided: the same where they are not. Of samples that did not choose. */
  readonly before: number;
  readonly after: number;
}

/**
 * The alpha of the best products in codes, activations by tensor, and what it divides channels by. Every second sample chooses, the others
 * confirm: what does not gain on both is left alone. `pause` is awaited between trials, with the part that is done.
 */
export async function searchSmoothing(
  samples: readonly SeenRows[],
  matrices: readonly ReadMatrix[],
  coding: Coding,
  pause: (part: number) => Promise<void>,
): Promise<Smoothing> {
  const channels = samples[0]?.min.length ?? 0;
  const inputs = new Float64Array(channels);
  for (const { min, max } of samples) {
    for (const [c, high] of max.entries()) inputs[c] = Math.max(inputs[c] as number, high, -(min[c] as number));
  }
  const tried = matrices.map((matrix) => triedOf(matrix, channels));
  const weights = new Float64Array(channels);
  for (const { reach } of tried)
    for (const [c, each] of reach.entries()) weights[c] = Math.max(weights[c] as number, each);
  const unscaled = new Float64Array(channels).fill(1);
  const off: Smoothing = { alpha: null, scales: unscaled, before: Infinity, after: Infinity };
  if (!inputs.every(Number.isFinite)) return off;

  const choosing = samples.filter((_, at) => at % 2 === 0);
  const confirming = samples.length > 1 ? samples.filter((_, at) => at % 2 === 1) : samples;
  const judge = (on: readonly SeenRows[]) => {
    const exact = tried.map(({ weight, outputs }) => on.map(({ rows }) => products(rows, weight, outputs, channels)));
    const divided = (scales: Float64Array) => {
      const all = samples.map((sample) => dividedBy(sample, scales));
      const affines = coding.affines(all);
      return on.map((sample) => {
        const at = samples.indexOf(sample);
        const { rows } = all[at] as SeenRows;
        const affine = affines[at] as Affine;
        return dequantize(quantize(rows, affine, coding.type), affine);
      });
    };
    return (scales: Float64Array) => noiseOf(tried, exact, divided(scales), scales);
  };
  const choose = judge(choosing);
  const plain = choose(unscaled);
  let best = { alpha: 0, scales: unscaled, noise: plain };
  for (const [at, alpha] of ALPHAS.entries()) {
    await pause(at / ALPHAS.length);
    const scales = smoothingScales(inputs, weights, alpha).map(Math.fround);
    const noise = choose(scales);
    if (noise < best.noise) best = { alpha, scales, noise };
  }
  const confirm = judge(confirming);
  const before = signalToNoise(1, confirm(unscaled));
  if (best.scales === unscaled) return { ...off, before, after: before };
  const after = signalToNoise(1, confirm(best.scales));
  const gains = signalToNoise(plain, best.noise) >= LEAST_GAIN && after - before >= LEAST_GAIN;
  return gains ? { alpha: best.alpha, scales: best.scales, before, after } : { ...off, before, after: before };
}

interface Tried extends ReadMatrix {
  /** The largest magnitude of each input's weights, in all output channels. */
  readonly reach: Float64Array;
}

/** A matrix with some of its output channels, evenly spaced. */
function triedOf({ weight, outputs, ...scheme }: ReadMatrix, channels: number): Tried {
  const reach = new Float64Array(channels);
  for (const [at, value] of weight.entries()) {
    const c = at % channels;
    reach[c] = Math.max(reach[c] as number, Math.abs(value));
  }
  const step = Math.ceil(outputs / TRIED_CHANNELS);
  const rows = Array.from({ length: Math.ceil(outputs / step) }, (_, at) => at * step);
  const some = new Float32Array(rows.length * channels);
  for (const [at, row] of rows.entries())
    some.set(weight.subarray(row * channels, (row + 1) * channels), at * channels);
  return { ...scheme, weight: some, outputs: rows.length, reach };
}

function dividedBy({ rows, min, max }: SeenRows, scales: Float64Array): SeenRows {
  return {
    rows: rows.map((value, at) => value / (scales[at % scales.length] as number)),
    min: min.map((value, c) => value / (scales[c] as number)),
    max: max.map((value, c) => value / (scales[c] as number)),
  };
}

/** Squared error over the products' own energy, the mean over matrices. */
function noiseOf(
  tried: readonly Tried[],
  exact: readonly (readonly Float64Array[])[],
  inputs: readonly Float32Array[],
  scales: Float64Array,
): number {
  const noises = tried.map((matrix, m) => {
    const weight = codedWeight(matrix, scales);
    let [error, energy] = [0, 0];
    for (const [sample, rows] of inputs.entries()) {
      const expected = exact[m]?.[sample] as Float64Array;
      for (const [at, value] of products(rows, weight, matrix.outputs, scales.length).entries()) {
        error += (value - (expected[at] as number)) ** 2;
        energy += (expected[at] as number) ** 2;
      }
    }
    return energy > 0 ? error / energy : 0;
  });
  return noises.reduce((sum, noise) => sum + noise, 0) / noises.length;
}

/** What the codes of a weight stand for whose rows were multiplied, divided again by nothing: its inputs are divided too. */
function codedWeight({ weight, outputs, type, perChannel, reach }: Tried, scales: Float64Array): Float32Array {
  const channels = scales.length;
  const scaled = weight.map((value, at) => value * (scales[at % channels] as number));
  const limits = weightLimits(type);
  const layout = channelLayout([outputs, channels], 0);
  const largest = reach.reduce((most, each, c) => Math.max(most, each * (scales[c] as number)), 0);
  const found = perChannel
    ? weightScales(scaled, layout, type).scales
    : new Float32Array(outputs).fill(largest / limits[1]);
  return dequantizeWeights(quantizeWeights(scaled, layout, found, limits), layout, found);
}

/** Rows of `rows` by rows of `weight`: [rows, outputs]. */
function products(rows: Float32Array, weight: Float32Array, outputs: number, channels: number): Float64Array {
  const made = new Float64Array((rows.length / channels) * outputs);
  for (let at = 0; at < made.length; at++) {
    const [first, second] = [Math.floor(at / outputs) * channels, (at % outputs) * channels];
    let sum = 0;
    for (let c = 0; c < channels; c++) sum += (rows[first + c] as number) * (weight[second + c] as number);
    made[at] = sum;
  }
  return made;
}
