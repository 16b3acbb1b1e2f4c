import { expect, it } from "vitest";
import { channelLayout } from "../numerics/channels.ts";
import { weightFigures, weightFiguresOf } from "../numerics/weightFigures.ts";
import { elementCount } from "../values/dims.ts";
import { channelScales, decodedStretches, decodedWeight } from "./decoded.ts";

const noise = (count: number, seed: number) => Float32Array.from({ length: count }, (_, i) => Math.sin(i * i + seed));

it.each([
  { dims: [110, 100], axis: 0, blocks: null, channelAxis: 0 },
  { dims: [110, 100], axis: 1, blocks: null, channelAxis: 1 },
  { dims: [110, 100], axis: null, blocks: null, channelAxis: null },
  { dims: [110, 100], axis: null, blocks: { axis: 0, size: 32 }, channelAxis: 1 },
  { dims: [110, 100], axis: null, blocks: { axis: 1, size: 32 }, channelAxis: 0 },
  { dims: [40, 3, 100], axis: 1, blocks: null, channelAxis: 1 },
  { dims: [10, 3], axis: 0, blocks: null, channelAxis: 0 },
])("a weight decoded in stretches is what it is whole, and so are its figures: $dims, $axis, $blocks", (each) => {
  const { dims, axis, blocks, channelAxis } = each;
  const count = elementCount(dims);
  const places = blocks
    ? elementCount(dims.map((dim, at) => (at === blocks.axis ? Math.ceil(dim / blocks.size) : dim)))
    : axis === null
      ? 1
      : (dims[axis] as number);
  const encoded = {
    ...{ type: "uint4" as const, dims, axis, blocks },
    scales: noise(places, 1).map((value) => 1.5 + value),
    zeroPoints: Uint8Array.from({ length: places }, (_, i) => i % 16),
    codes: Uint8Array.from({ length: count }, (_, i) => (i * 7 + (i >> 9)) % 16),
  };
  const whole = decodedWeight(encoded);
  const copy = new Float32Array(count);
  for (const { from, values } of decodedStretches(encoded, 4000)) copy.set(values, from);
  expect(Buffer.compare(Buffer.from(copy.buffer), Buffer.from(whole.buffer))).toBe(0);
  const [weights, layout] = [noise(count, 2), channelLayout(dims, channelAxis)];
  const scales = channelScales(encoded, channelAxis);
  const { channels, sqnr } = weightFiguresOf(weights, decodedStretches(encoded, 4000), layout, scales);
  const expected = weightFigures(weights, whole, layout, scales);
  expect(sqnr).toBeCloseTo(expected.sqnr, 9);
  channels.forEach((channel, i) => {
    expect(channel.min).toBe(expected.channels[i]!.min);
    expect(channel.max).toBe(expected.channels[i]!.max);
    expect(channel.sqnr).toBeCloseTo(expected.channels[i]!.sqnr, 9);
  });
});
