import { blockLayout, dequantizeBlocks, scaleDims } from "../numerics/blocks.ts";
import { channelLayout, forEachRun } from "../numerics/channels.ts";
import { fromCodebook } from "../numerics/codebook.ts";
import { fromFloat8 } from "../numerics/float8.ts";
import { fromNormalFloats } from "../numerics/normalFloat.ts";
import { dequantizeWeights } from "../numerics/weights.ts";
import { elementCount } from "../values/dims.ts";
import type { EncodedWeight } from "./weight.ts";

type Decodable = Pick<EncodedWeight, "type" | "dims" | "axis" | "blocks" | "scales" | "zeroPoints" | "codes" | "table">;

let passing = new Float32Array();

/** As `decodedWeight`, for one look at them: what is given holds until the next call. */
export function passingDecoded(encoded: Decodable): Float32Array {
  const count = elementCount(encoded.dims);
  if (passing.length < count) {
    passing = new Float32Array();
    passing = new Float32Array(count);
  }
  return decodedWeight(encoded, passing.subarray(0, count));
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
