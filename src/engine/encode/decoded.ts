import { blockLayout, dequantizeBlocks, scaleDims } from "../numerics/blocks.ts";
import { channelLayout, forEachRun } from "../numerics/channels.ts";
import { dequantizeWeights } from "../numerics/weights.ts";
import type { EncodedWeight } from "./weight.ts";

type Decodable = Pick<EncodedWeight, "dims" | "axis" | "blocks" | "scales" | "zeroPoints" | "codes">;

/** The values that a weight's codes stand for, in float32. */
export function decodedWeight({ dims, axis, blocks, scales, zeroPoints, codes }: Decodable): Float32Array {
  return blocks
    ? dequantizeBlocks(codes, blockLayout(dims, blocks.axis, blocks.size), scales, zeroPoints)
    : dequantizeWeights(codes, channelLayout(dims, axis), scales, zeroPoints);
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
  { dims, blocks, scales }: Pick<EncodedWeight, "dims" | "blocks" | "scales">,
  channelAxis: number | null,
): Float32Array {
  if (!blocks) return scales;
  const layout = channelLayout(scaleDims(dims, blocks.axis, blocks.size), channelAxis);
  const largest = new Float32Array(layout.channels);
  forEachRun(layout, (channel, start, end) => {
    for (let i = start; i < end; i++) largest[channel] = Math.max(largest[channel] as number, scales[i] as number);
  });
  return largest;
}
