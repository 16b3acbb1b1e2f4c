import fc from "fast-check";
import { expect, test } from "vitest";
import type { Statistics, TensorStatistics } from "../model/statistics.ts";
import { Observer } from "../numerics/observer.ts";
import { noise } from "../onnx/testing/build.ts";
import { packStatistics, unpackStatistics } from "./packedStatistics.ts";

const observed = (values: readonly number[]): TensorStatistics => {
  const observer = new Observer();
  observer.observe(Float32Array.from(values), 3);
  return observer.statistics();
};

/** As a pipe gives it: a view anywhere in a larger buffer. */
const moved = (statistics: Statistics, offset: number): Statistics => {
  const packed = packStatistics(statistics);
  const buffer = new Uint8Array(packed.counts.length + offset);
  buffer.set(packed.counts, offset);
  return unpackStatistics(structuredClone({ ...packed, counts: buffer.subarray(offset) }));
};

test("statistics come out as they went in, wherever their bytes lie", () => {
  const values = fc.array(fc.float({ noDefaultInfinity: false }), { maxLength: 60 });
  fc.assert(
    fc.property(fc.dictionary(fc.string(), values), fc.integer({ min: 0, max: 9 }), (tensors, offset) => {
      const statistics = new Map(Object.entries(tensors).map(([name, some]) => [name, observed(some)]));
      expect(moved(statistics, offset)).toEqual(statistics);
    }),
  );
});

test("counts of any size are kept", () => {
  const seen = observed([...(noise([500], 1).data as Float32Array)]);
  const most = [1, 2 ** 8 - 1, 2 ** 8, 2 ** 16 - 1, 2 ** 16, 2 ** 32 - 1, 2 ** 32, 2 ** 53 - 1];
  const octaves = most.map((count, i) => ({
    negative: i % 2 === 0,
    exponent: i,
    bits: i % 4,
    counts: Float64Array.from({ length: 2 ** (i % 4) }, (_, k) => (k === 0 ? count : k)),
  }));
  const statistics = new Map([["x", { ...seen, octaves }]]);
  expect(moved(statistics, 1)).toEqual(statistics);
  expect(packStatistics(new Map([["x", { ...seen, octaves: octaves.slice(0, 2) }]])).counts.length).toBe(3);
});
