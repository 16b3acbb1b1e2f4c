import fc from "fast-check";
import { expect, it } from "vitest";
import { noise } from "../onnx/testing/build.ts";
import { HALF, narrowHalf, nearest, widenHalf } from "../values/halfFloats.ts";
import { channelLayout } from "./channels.ts";
import { balancedFloats, halfLosses, nearestHalves } from "./halfWeights.ts";

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

/** Every float32 by its bits, next to where float16 begins, ends and rounds most of all. */
const words = fc.oneof(
  fc.integer({ min: 0, max: 2 ** 32 - 1 }),
  fc
    .tuple(
      fc.constantFrom(0x33000000, 0x38800000, 0x477ff000, 0x47800000, 0x7f800000, 0x3f801000),
      fc.integer({ min: -2, max: 2 }),
    )
    .map(([near, more]) => near + more),
);

it("the kernel narrows as one value after the other is, to the bit, and counts what is lost", () => {
  fc.assert(
    fc.property(fc.array(words, { maxLength: 90 }), (bits) => {
      const values = new Float32Array(Uint32Array.from(bits).buffer);
      expect(nearestHalves(values)).toEqual(nearest(values, HALF));
      const told = [...values].filter((value) => value !== 0);
      const finite = told.filter(Number.isFinite);
      const narrow = (value: number) => narrowHalf(value) & 0x7fff;
      expect(halfLosses(values)).toEqual({
        infinite: finite.filter((value) => narrow(value) === 0x7c00).length,
        vanished: told.filter((value) => narrow(value) === 0).length,
        values: told.length,
        largest: Math.max(0, ...finite.map(Math.abs)),
      });
    }),
    { seed: 16, numRuns: 300 },
  );
  const many = noise([70_001], 5).data as Float32Array;
  expect(Buffer.compare(bytesOf(nearestHalves(many)), bytesOf(nearest(many, HALF)))).toBe(0);
  expect(halfLosses(many)).toEqual({
    infinite: 0,
    vanished: 0,
    values: 70_001,
    largest: Math.max(...many.map(Math.abs)),
  });
});

const bytesOf = ({ buffer }: Uint16Array) => new Uint8Array(buffer);
