import fc from "fast-check";
import { expect, test } from "vitest";
import { weightLimits } from "../values/codes.ts";
import { SCALE_FLOOR } from "./affine.ts";
import { type ChannelLayout, channelLayout, forEachRun } from "./channels.ts";
import { drawFrom } from "./testing/distributions.ts";
import { quantizeWeights, weightScales } from "./weights.ts";

const limits = weightLimits("int4");

function errorOf(weights: Float32Array, scale: number): number {
  const layout = channelLayout([weights.length], null);
  const codes = quantizeWeights(weights, layout, Float32Array.of(scale), limits);
  return weights.reduce((sum, weight, i) => sum + Math.abs(weight - (codes[i] as number) * scale) ** 3, 0);
}

function rowsOf(weights: Float32Array, layout: ChannelLayout): Float32Array[] {
  const rows = Array.from({ length: layout.channels }, (): number[] => []);
  forEachRun(layout, (channel, start, end) => rows[channel]?.push(...weights.subarray(start, end)));
  return rows.map((row) => Float32Array.from(row));
}

function scalesOf(weights: Float32Array, layout: ChannelLayout): Float32Array {
  return weightScales(weights, layout, "int4").scales;
}

test("a scale that represents every weight is found, with both ends of the codes", () => {
  const row = channelLayout([4], null);
  expect(scalesOf(Float32Array.of(-2, -0.5, 0.25, 1.75), row)[0]).toBe(0.25);
  expect(scalesOf(Float32Array.of(0.875, -0.125, 0, 0.5), row)[0]).toBe(0.125);
});

test("one outlier is clipped where that costs less than what it does to the others", () => {
  const weights = Float32Array.from({ length: 500 }, (_, i) => Math.sin(i) / 7).with(3, 2);
  const [scale] = scalesOf(weights, channelLayout([500], null));
  expect(scale).toBeLessThan(2 / 7.5);
  expect(errorOf(weights, scale as number)).toBeLessThan(errorOf(weights, 2 / 7));
});

test.each(["gaussian", "laplace", "bimodal", "one outlier of 1000"] as const)(
  "is within 0.05 dB of an exhaustive search on %s weights",
  (name) => {
    const weights = drawFrom(name, 2000).map((value) => value / 50);
    const bound = weights.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
    const least = Array.from({ length: 400 }, (_, i) => errorOf(weights, (bound / 7) * (0.1 + i / 400))).reduce(
      (a, b) => Math.min(a, b),
    );
    const [scale] = scalesOf(weights, channelLayout([2000], null));
    expect((20 / 3) * Math.log10(errorOf(weights, scale as number) / least)).toBeLessThan(0.05);
  },
);

test("no channel loses more than with the scale that fits its largest weight, wherever its axis lies", () => {
  const weight = fc.oneof(fc.constantFrom(-1, -0.5, 0, 1), fc.float({ min: -1, max: 1, noNaN: true }));
  fc.assert(
    fc.property(fc.array(weight, { minLength: 60, maxLength: 60 }), fc.constantFrom(0, 1, 2), (values, axis) => {
      const weights = Float32Array.from(values);
      const layout = channelLayout([3, 4, 5], axis);
      const { scales, dead } = weightScales(weights, layout, "int4");
      const widest = weightScales(weights, layout, "int8").scales.map((scale) => (scale * 127) / 7);
      for (const [channel, row] of rowsOf(weights, layout).entries()) {
        if (dead.includes(channel)) {
          for (const value of row) expect(Math.abs(value)).toBeLessThan(100 * SCALE_FLOOR);
          continue;
        }
        const most = errorOf(row, widest[channel] as number);
        expect(errorOf(row, scales[channel] as number)).toBeLessThanOrEqual(most * (1 + 1e-4) + 1e-18);
      }
    }),
  );
});
