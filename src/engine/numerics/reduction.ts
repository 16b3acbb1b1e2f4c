import type { WeightCodes } from "../values/codes.ts";
import type { ChannelLayout } from "./channels.ts";

/**
 * The weights whose products make up one value of an output channel, in the order in which a kernel adds them: position k
 * of a channel lies at channel * channelStride + (k % inner) * innerStride + floor(k / inner) * outerStride.
 */
export interface Reduction {
  readonly length: number;
  readonly inner: number;
  readonly channelStride: number;
  readonly innerStride: number;
  readonly outerStride: number;
  /** Whether a kernel may add products 2k and 2k + 1 in 16 bits: see saturation.ts. */
  readonly paired: boolean;
}

/** A channel's weights in the order in which they lie in the tensor. */
export function rowsOf({ outer, channels, inner }: ChannelLayout): Reduction {
  const [length, outerStride] = [outer * inner, channels * inner];
  return { length, inner, channelStride: inner, innerStride: 1, outerStride, paired: false };
}

/** Channels that lie next to each other share cache lines, and are copied together. */
const TOGETHER = 64;
/** Keeps rows whose length is a power of two out of each other's cache sets. */
const GAP = 16;

/** Calls `visit` with the weights of each channel in the order of the reduction: a view, or a copy that holds for the call. */
export function forEachRow(
  weights: Float32Array,
  reduction: Reduction,
  visit: (row: Float32Array, channel: number) => void,
): void {
  const { length } = reduction;
  const channels = weights.length / length;
  if (isContiguous(reduction)) {
    for (let channel = 0; channel < channels; channel++) visit(rowOf(weights, channel * length, length), channel);
    return;
  }
  const pitch = length + GAP;
  const together = togetherIn(reduction, channels);
  const block = new Float32Array(together * pitch);
  for (let first = 0; first < channels; first += together) {
    const count = Math.min(together, channels - first);
    copyRows(weights, reduction, first, count, block, pitch);
    for (let at = 0; at < count; at++) visit(rowOf(block, at * pitch, length), first + at);
  }
}

/** Codes in the places of the weights, in `codes`; `round` writes those of each channel, in the order of the reduction. */
export function mapRows<T extends WeightCodes>(
  weights: Float32Array,
  reduction: Reduction,
  codes: T,
  round: (row: Float32Array, channel: number, codes: T) => void,
): T {
  const { length } = reduction;
  if (isContiguous(reduction)) {
    forEachRow(weights, reduction, (row, channel) => {
      round(row, channel, codes.subarray(channel * length, (channel + 1) * length) as T);
    });
    return codes;
  }
  const pitch = length + GAP;
  const channels = weights.length / length;
  const together = togetherIn(reduction, channels);
  const block = new (codes.constructor as new (length: number) => T)(together * pitch);
  forEachRow(weights, reduction, (row, channel) => {
    const at = channel % together;
    round(row, channel, block.subarray(at * pitch, at * pitch + length) as T);
    if (at === together - 1 || channel === channels - 1)
      placeRows(block, pitch, reduction, channel - at, at + 1, codes);
  });
  return codes;
}

function isContiguous({ length, inner, innerStride, channelStride }: Reduction): boolean {
  return inner === length && innerStride === 1 && channelStride === length;
}

function togetherIn({ channelStride }: Reduction, channels: number): number {
  return channelStride === 1 ? Math.min(TOGETHER, channels) : 1;
}

function rowOf(values: Float32Array, start: number, length: number): Float32Array {
  return values.subarray(start, start + length);
}

function copyRows(
  weights: Float32Array,
  { length, inner, channelStride, innerStride, outerStride }: Reduction,
  first: number,
  count: number,
  block: Float32Array,
  pitch: number,
): void {
  let start = first * channelStride;
  for (let k = 0; k < length; start += outerStride) {
    let from = start;
    for (const end = k + inner; k < end; k++, from += innerStride) {
      block[k] = weights[from] as number;
      for (let channel = 1; channel < count; channel++) {
        block[k + channel * pitch] = weights[from + channel * channelStride] as number;
      }
    }
  }
}

function placeRows(
  block: WeightCodes,
  pitch: number,
  { length, inner, channelStride, innerStride, outerStride }: Reduction,
  first: number,
  count: number,
  codes: WeightCodes,
): void {
  let start = first * channelStride;
  for (let k = 0; k < length; start += outerStride) {
    let to = start;
    for (const end = k + inner; k < end; k++, to += innerStride) {
      codes[to] = block[k] as number;
      for (let channel = 1; channel < count; channel++) {
        codes[to + channel * channelStride] = block[k + channel * pitch] as number;
      }
    }
  }
}
