import { elementCount } from "../values/dims.ts";

/** How channels lie in a row-major tensor: `outer` blocks, each with `channels` runs of `inner` elements. */
export interface ChannelLayout {
  readonly outer: number;
  readonly channels: number;
  readonly inner: number;
}

/** The layout of a tensor's channels along `axis` (negative from the end); one channel when `axis` is null. */
export function channelLayout(dims: readonly number[], axis: number | null): ChannelLayout {
  if (axis === null) return { outer: 1, channels: 1, inner: elementCount(dims) };
  const at = axis < 0 ? axis + dims.length : axis;
  const channels = dims[at];
  if (channels === undefined) throw new RangeError(`Axis ${axis} is outside a tensor of ${dims.length} dimensions.`);
  return { outer: elementCount(dims.slice(0, at)), channels, inner: elementCount(dims.slice(at + 1)) };
}

/** Calls `visit` once for each run of consecutive elements [start, end) of one channel. */
export function forEachRun(layout: ChannelLayout, visit: (channel: number, start: number, end: number) => void): void {
  const { outer, channels, inner } = layout;
  for (let run = 0; run < outer * channels; run++) visit(run % channels, run * inner, (run + 1) * inner);
}
