import fc from "fast-check";
import { expect, test } from "vitest";
import { channelLayout } from "./channels.ts";
import { forEachRow, mapRows, type Reduction, rowsOf } from "./reduction.ts";

const conv = (inputs: number, positions: number): Reduction => ({
  length: inputs * positions,
  inner: inputs,
  channelStride: inputs * positions,
  innerStride: positions,
  outerStride: 1,
  paired: false,
});
const columns = (length: number, channels: number): Reduction => ({
  length,
  inner: length,
  channelStride: 1,
  innerStride: channels,
  outerStride: 0,
  paired: false,
});
const size = fc.integer({ min: 1, max: 40 });
const small = fc.integer({ min: 1, max: 5 });

function offset({ inner, channelStride, innerStride, outerStride }: Reduction, channel: number, k: number): number {
  return channel * channelStride + (k % inner) * innerStride + Math.floor(k / inner) * outerStride;
}

const reductions = fc.oneof(
  fc.tuple(size, small, small).map(([channels, inputs, positions]) => ({ channels, by: conv(inputs, positions) })),
  fc.tuple(size, size).map(([channels, length]) => ({ channels, by: columns(length, channels) })),
  fc
    .tuple(small, size, small)
    .map(([outer, channels, inner]) => ({ channels, by: rowsOf({ outer, channels, inner }) })),
);

test("rows hold each channel's weights in the order of the reduction", () => {
  fc.assert(
    fc.property(reductions, ({ channels, by }) => {
      const weights = Float32Array.from({ length: channels * by.length }, (_, at) => at);
      const seen: number[] = [];
      forEachRow(weights, by, (row, channel) => {
        seen.push(channel);
        expect([...row]).toEqual(Array.from({ length: by.length }, (_, k) => offset(by, channel, k)));
      });
      expect(seen).toEqual(Array.from({ length: channels }, (_, channel) => channel));
    }),
  );
});

test("codes lie where their weights do", () => {
  fc.assert(
    fc.property(reductions, ({ channels, by }) => {
      const weights = Float32Array.from({ length: channels * by.length }, (_, at) => (at % 200) - 100);
      const codes = mapRows(weights, by, new Int8Array(weights.length), (row, _, written) => written.set(row));
      expect([...codes]).toEqual([...weights]);
    }),
  );
});

test("a tensor's own order takes the blocks of a channel one after the other", () => {
  const rows: number[][] = [];
  const weights = Float32Array.from({ length: 12 }, (_, at) => at);
  forEachRow(weights, rowsOf(channelLayout([2, 3, 2], 1)), (row) => rows.push([...row]));
  expect(rows).toEqual([
    [0, 1, 6, 7],
    [2, 3, 8, 9],
    [4, 5, 10, 11],
  ]);
});
