import fc from "fast-check";
import { expect, test } from "vitest";
import type { Tensor } from "../model/tensor.ts";
import { ChannelErrors } from "./channelErrors.ts";
import { channelExtremes } from "./channelExtremes.ts";

const OPEN = { low: -Infinity, high: Infinity };
const tensor = (dims: readonly number[], values: readonly number[]): Tensor => ({
  type: "float32",
  dims,
  data: Float32Array.from(values),
});

test("a constant error of a channel is its mean, whatever the axis", () => {
  const reference = tensor([1, 2, 2], [1, 2, 3, 4]);
  const errors = new ChannelErrors(1, OPEN);
  for (let sample = 0; sample < 3; sample++) errors.add(reference, tensor([1, 2, 2], [0.5, 1.5, 4, 5]));
  expect(errors.means()).toEqual([0.5, -1]);
  const last = new ChannelErrors(-1, OPEN);
  last.add(reference, tensor([1, 2, 2], [0.5, 3, 2.5, 5]));
  expect(last.means()).toEqual([0.5, -1]);
});

test("only values between the bounds count, and no error that is not finite", () => {
  const errors = new ChannelErrors(1, { low: 0, high: 6 });
  errors.add(tensor([1, 1, 5], [-1, 0, 3, 6, 7]), tensor([1, 1, 5], [9, 9, 1, 9, 9]));
  errors.add(tensor([1, 1, 5], [2, 2, 2, 2, 2]), tensor([1, 1, 5], [0, NaN, Infinity, 0, 0]));
  const [mean = 0] = errors.means();
  expect(mean).toBeGreaterThan(0);
  expect(mean).toBeLessThanOrEqual(2);
  const none = new ChannelErrors(1, { low: 0, high: 6 });
  none.add(tensor([1, 1, 1], [-1]), tensor([1, 1, 1], [5]));
  expect(none.means()).toEqual([0]);
});

test("a mean is trusted the less the more samples disagree, and never more than in full", () =>
  fc.assert(
    fc.property(fc.array(fc.double({ min: -3, max: 3, noNaN: true }), { minLength: 2, maxLength: 20 }), (values) => {
      const errors = new ChannelErrors(1, OPEN);
      for (const value of values) errors.add(tensor([1, 1], [value]), tensor([1, 1], [0]));
      const mean = values.reduce((sum, value) => sum + Math.fround(value), 0) / values.length;
      const [trusted = 0] = errors.means();
      expect(Math.abs(trusted)).toBeLessThanOrEqual(Math.abs(mean) * (1 + 1e-6));
      expect(trusted * mean).toBeGreaterThanOrEqual(0);
    }),
  ));

test("extremes of channels join those of one sample after another", () => {
  const first = channelExtremes(tensor([1, 2, 2], [1, 2, -3, NaN]), 1);
  expect([...first.min, ...first.max]).toEqual([1, -3, 2, -3]);
  const both = channelExtremes(tensor([1, 2, 2], [0, 5, -9, -8]), 1, first);
  expect([...both.min, ...both.max]).toEqual([0, -9, 5, -3]);
});
