import { expect, it } from "vitest";
import { noise } from "../onnx/testing/build.ts";
import { HALF, nearest, widenHalf } from "../values/halfFloats.ts";
import { channelLayout } from "./channels.ts";
import { balancedFloats, halfLosses } from "./halfWeights.ts";

function channelErrors(values: Float32Array, bits: Uint16Array, channels: number): number[] {
  const sums = new Array<number>(channels).fill(0);
  const length = values.length / channels;
  for (let i = 0; i < values.length; i++) sums[Math.floor(i / length)]! += widenHalf(bits[i]!) - values[i]!;
  return sums.map(Math.abs);
}

const total = (values: readonly number[]) => values.reduce((a, b) => a + b, 0);

it("makes the errors of each channel cancel, and leaves every value beside the float that it is", () => {
  const values = noise([8, 3, 5, 5], 3).data as Float32Array;
  const balanced = balancedFloats(values, channelLayout([8, 3, 5, 5], 0), HALF);
  const near = nearest(values, HALF);
  const [after, before] = [balanced, near].map((bits) => channelErrors(values, bits, 8));
  for (let channel = 0; channel < 8; channel++) expect(after![channel]).toBeLessThanOrEqual(before![channel]!);
  expect(total(after!)).toBeLessThan(total(before!) / 4);
  for (let i = 0; i < values.length; i++) {
    const [value, closest, given] = [values[i]!, widenHalf(near[i]!), widenHalf(balanced[i]!)];
    if (given === closest) continue;
    expect((given - value) * (closest - value)).toBeLessThan(0);
    expect(Math.abs(given - closest)).toBeLessThanOrEqual(2 ** -10 * Math.max(Math.abs(closest), Math.abs(given)));
  }
});

it("balances along the axis of the channels, whichever it is", () => {
  const values = noise([4, 6, 3, 3], 9).data as Float32Array;
  const byOutput = balancedFloats(values, channelLayout([4, 6, 3, 3], 1), HALF);
  const errorsOf = (bits: Uint16Array) => {
    const sums = new Array<number>(6).fill(0);
    for (let i = 0; i < values.length; i++) sums[Math.floor(i / 9) % 6]! += widenHalf(bits[i]!) - values[i]!;
    return sums.map(Math.abs);
  };
  expect(total(errorsOf(byOutput))).toBeLessThan(total(errorsOf(nearest(values, HALF))) / 4);
});

it("keeps the largest float16 finite, and leaves what is no number or infinite as it is", () => {
  const values = Float32Array.of(65500, 65500, 1 / 3, Number.NaN, 1, 2);
  const bits = balancedFloats(values, channelLayout([2, 3], 0), HALF);
  expect(Number.isFinite(widenHalf(bits[0]!)) && Number.isFinite(widenHalf(bits[1]!))).toBe(true);
  expect(widenHalf(bits[3]!)).toBeNaN();
});

it("counts what becomes infinite and what becomes 0, and neither zeros nor what is infinite already", () => {
  const values = Float32Array.of(0, 1e-9, 1, -70000, Number.POSITIVE_INFINITY, 6e-8);
  expect(halfLosses(values)).toEqual({ infinite: 1, vanished: 1, values: 5, largest: 70000 });
});
