import fc from "fast-check";
import { expect, test } from "vitest";
import { weightLimits } from "../values/codes.ts";
import { SCALE_FLOOR } from "./affine.ts";
import { channelLayout } from "./channels.ts";
import { weightFigures } from "./weightFigures.ts";
import { dequantizeWeights, quantizeWeights, roundWeights, weightScales } from "./weights.ts";

test.each([
  [[2, 3], 0, { outer: 1, channels: 2, inner: 3 }],
  [[2, 3], -1, { outer: 2, channels: 3, inner: 1 }],
  [[2, 3, 4, 5], 1, { outer: 2, channels: 3, inner: 20 }],
  [[2, 3, 4, 5], null, { outer: 1, channels: 1, inner: 120 }],
])("channels of %j along %j", (dims, axis, layout) => {
  expect(channelLayout(dims, axis)).toEqual(layout);
});

test("an axis outside the tensor is refused", () => {
  expect(() => channelLayout([2, 3], 2)).toThrow(RangeError);
  expect(() => channelLayout([2, 3], -3)).toThrow(RangeError);
});

test("each channel along the axis has its own scale, its largest magnitude at 127", () => {
  const weights = Float32Array.of(1, -10, 100, -2, 5, 50);
  const layout = channelLayout([2, 3], 1);
  const { scales, dead } = weightScales(weights, layout, "int8");
  expect(scales).toEqual(Float32Array.of(2 / 127, 10 / 127, 100 / 127));
  expect(dead).toEqual([]);
  expect([...quantizeWeights(weights, layout, scales, weightLimits("int8"))]).toEqual([64, -127, 127, -127, 64, 64]);
});

test("zero and vanishing channels get the least scale and are named", () => {
  const { scales, dead } = weightScales(
    Float32Array.of(0, 0, 1e-30, -1e-40, 1e-9, 0),
    channelLayout([3, 2], 0),
    "int8",
  );
  expect(dead).toEqual([0, 1]);
  expect(scales).toEqual(Float32Array.of(SCALE_FLOOR, SCALE_FLOOR, 1e-9 / 127));
});

test("a weight that is not finite is refused", () => {
  expect(() => weightScales(Float32Array.of(1, Number.NaN), channelLayout([2], 0), "int8")).toThrow(RangeError);
  expect(() => weightScales(Float32Array.of(1, -Infinity), channelLayout([2], 0), "int8")).toThrow(RangeError);
});

test("restored weights are within half a step, whatever the axis", () => {
  const finite = fc.float({ noNaN: true, min: -1000, max: 1000 });
  fc.assert(
    fc.property(fc.array(finite, { minLength: 24, maxLength: 24 }), fc.constantFrom(null, 0, 1, 2), (values, axis) => {
      const weights = Float32Array.from(values);
      const layout = channelLayout([2, 3, 4], axis);
      const { scales } = weightScales(weights, layout, "int8");
      const codes = quantizeWeights(weights, layout, scales, weightLimits("int8"));
      const restored = dequantizeWeights(codes, layout, scales);
      expect(Math.min(...codes)).toBeGreaterThanOrEqual(-127);
      weights.forEach((weight, i) => {
        const channel = Math.floor(i / layout.inner) % layout.channels;
        expect(Math.abs(weight - (restored[i] as number))).toBeLessThanOrEqual((scales[channel] as number) * 0.5001);
      });
    }),
  );
});

test("figures of a channel are its own, and the total weighs them by energy", () => {
  const weights = Float32Array.of(127, 1.25, 100, 0, 0, 0);
  const layout = channelLayout([2, 3], 0);
  const scales = Float32Array.of(1, 1);
  const { channels, sqnr } = weightFigures(
    weights,
    dequantizeWeights(quantizeWeights(weights, layout, scales, weightLimits("int8")), layout, scales),
    layout,
    scales,
  );
  const decibels = 10 * Math.log10((127 ** 2 + 1.25 ** 2 + 100 ** 2) / 0.25 ** 2);
  expect(channels[0]).toEqual({ min: 1.25, max: 127, scale: 1, sqnr: expect.closeTo(decibels, 9) });
  expect(channels[1]).toEqual({ min: 0, max: 0, scale: 1, sqnr: Number.NaN });
  expect(sqnr).toBeCloseTo(decibels, 9);
});

test("learned rounding takes the code below or the one above, within the codes there are", () => {
  const weights = Float32Array.of(0.3, 0.3, -0.3, -0.3, 0.5, -0.9, 9, -9);
  const up = Uint8Array.of(0, 1, 0, 1, 0, 1, 1, 0);
  const codes = roundWeights(weights, channelLayout([8], null), Float32Array.of(0.5), weightLimits("int4"), up);
  expect([...codes]).toEqual([0, 1, -1, 0, 1, -1, 7, -8]);
});
