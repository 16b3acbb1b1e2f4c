import { blockLayout, dequantizeBlocks, scaleDims } from "../numerics/blocks.ts";
import { channelLayout, forEachRun } from "../numerics/channels.ts";
import { fromCodebook } from "../numerics/codebook.ts";
import { fromFloat8 } from "../numerics/float8.ts";
import { fromNormalFloats } from "../numerics/normalFloat.ts";
import type { DecodedStretch } from "../numerics/weightFigures.ts";
import { dequantizeWeights } from "../numerics/weights.ts";
import type { WeightCodes } from "../values/codes.ts";
import { elementCount } from "../values/dims.ts";
import type { EncodedWeight } from "./weight.ts";

type Decodable = Pick<EncodedWeight, "type" | "dims" | "axis" | "blocks" | "scales" | "zeroPoints" | "codes" | "table">;

/** Values that are decoded together where a weight has more. */
const STRETCH = 2 ** 20;

/**
 * The values that a weight's codes stand for, one stretch after the other along its first axis, each good until the next is asked for. Those
 * of a table, and of floats of 8 and 4 bits, are one.
 */
export function* decodedStretches(encoded: Decodable, most = STRETCH): Generator<DecodedStretch> {
  const { type, dims, axis, blocks, zeroPoints, table } = encoded;
  const [rows = 1, ...others] = dims;
  const each = elementCount(others);
  if (table || type === "float8" || type === "nf4" || rows * each <= most) {
    yield { from: 0, values: decodedWeight(encoded) };
    return;
  }
  const { codes, scales } = encoded;
  const unit = blocks?.axis === 0 ? blocks.size : 1;
  const together = unit * Math.max(1, Math.floor(most / (unit * each)));
  const isShared = !blocks && axis !== 0;
  const scaleRows = Math.ceil(rows / unit);
  const ofRows = <T extends Float32Array | WeightCodes>(values: T, from: number, to: number): T => {
    const width = values.length / scaleRows;
    const [first, end] = [(from / unit) * width, Math.ceil(to / unit) * width];
    return (isShared ? values : values.subarray(first, end)) as T;
  };
  const buffer = new Float32Array(together * each);
  for (let from = 0; from < rows; from += together) {
    const to = Math.min(rows, from + together);
    const part = {
      ...{ type, axis, blocks },
      dims: [to - from, ...others],
      scales: ofRows(scales, from, to),
      zeroPoints: zeroPoints && ofRows(zeroPoints, from, to),
      codes: codes.subarray(from * each, to * each),
    };
    yield { from: from * each, values: decodedWeight(part, buffer.subarray(0, (to - from) * each)) };
  }
}

/** The values that a weight's codes stand for, in float32, in an array where one is given. */
export function decodedWeight(
  { type, dims, axis, blocks, scales, zeroPoints, codes, table }: Decodable,
  values = new Float32Array(elementCount(dims)),
): Float32Array {
  if (table) return fromCodebook(codes as Uint8Array, channelLayout(dims, axis), { table, scales });
  if (type === "float8") return fromFloat8(codes as Uint8Array, channelLayout(dims, axis), scales);
  if (type === "nf4" && blocks) {
    return fromNormalFloats(codes, [dims[0] ?? 1, dims[1] ?? 1], blocks.axis, blocks.size, scales);
  }
  return blocks
    ? dequantizeBlocks(codes, blockLayout(dims, blocks.axis, blocks.size), scales, zeroPoints, values)
    : dequantizeWeights(codes, channelLayout(dims, axis), scales, zeroPoints, values);
}

/** Dimensions of a weight's scales, as a DequantizeLinear takes them. */
export function scaleDimsOf({
  dims,
  axis,
  blocks,
  scales,
}: Pick<EncodedWeight, "dims" | "axis" | "blocks" | "scales">) {
  if (blocks) return scaleDims(dims, blocks.axis, blocks.size);
  return axis === null ? [] : [scales.length];
}

/** A scale a channel along `channelAxis`, of blocks the largest, or the one of all. */
export function channelScales(
  { type, dims, blocks, scales }: Pick<EncodedWeight, "type" | "dims" | "blocks" | "scales">,
  channelAxis: number | null,
): Float32Array {
  if (!blocks) return scales;
  if (type === "nf4") {
    const inputs = dims[blocks.axis] as number;
    const lastOf = (channel: number) => Math.ceil(((channel + 1) * inputs) / blocks.size);
    return Float32Array.from({ length: dims[1 - blocks.axis] as number }, (_, channel) =>
      scales.subarray(Math.floor((channel * inputs) / blocks.size), lastOf(channel)).reduce((a, b) => Math.max(a, b)),
    );
  }
  const layout = channelLayout(scaleDims(dims, blocks.axis, blocks.size), channelAxis);
  const largest = new Float32Array(layout.channels);
  forEachRun(layout, (channel, start, end) => {
    for (let i = start; i < end; i++) largest[channel] = Math.max(largest[channel] as number, scales[i] as number);
  });
  return largest;
}
