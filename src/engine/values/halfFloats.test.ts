import fc from "fast-check";
import { expect, it } from "vitest";
import { HALF, halfAbove, halfBits, narrowBfloat, narrowHalf, nearest, widenBfloat, widenHalf } from "./halfFloats.ts";

it("gives every float16 back that float32 holds, infinities and both zeros too", () => {
  const all = Array.from({ length: 0x10000 }, (_, bits) => bits);
  const isNothing = (bits: number) => (bits & 0x7c00) === 0x7c00 && (bits & 0x3ff) !== 0;
  expect(all.filter((bits) => !isNothing(bits) && narrowHalf(widenHalf(bits)) !== bits)).toEqual([]);
  expect(all.filter((bits) => isNothing(bits) && !Number.isNaN(widenHalf(narrowHalf(widenHalf(bits)))))).toEqual([]);
});

it("rounds halfway between two float16 to the even one, and anything else to the nearer", () => {
  for (const low of [0, 1, 2, 0x3ff, 0x400, 0x3c00, 0x3c01, 0x7bfe]) {
    const [below, above] = [widenHalf(low), widenHalf(low + 1)];
    const middle = (below + above) / 2;
    expect(narrowHalf(middle)).toBe(low + (low & 1));
    expect(narrowHalf(middle - (above - below) / 8)).toBe(low);
    expect(narrowHalf(-middle - (above - below) / 8)).toBe(0x8000 | (low + 1));
  }
});

it("makes infinite from 65520 on, and 0 of what is at most half the smallest", () => {
  const values = Float32Array.of(65504, 65519.996, 65520, 1e38, -65536, 2 ** -25, 2 ** -24, -(2 ** -26));
  expect([...nearest(values, HALF)]).toEqual([0x7bff, 0x7bff, 0x7c00, 0x7c00, 0xfc00, 0, 1, 0x8000]);
});

it("rounds to bfloat16 half to even, and keeps what is no number", () => {
  expect(narrowBfloat(1)).toBe(0x3f80);
  expect(narrowBfloat(1 + 2 ** -8)).toBe(0x3f80);
  expect(narrowBfloat(1 + 3 * 2 ** -8)).toBe(0x3f82);
  expect(narrowBfloat(1 + 2 ** -8 + 2 ** -20)).toBe(0x3f81);
  expect(narrowBfloat(3.4e38)).toBe(0x7f80);
  expect(widenBfloat(narrowBfloat(Number.NaN))).toBeNaN();
  expect(widenBfloat(narrowBfloat(Number.NEGATIVE_INFINITY))).toBe(Number.NEGATIVE_INFINITY);
});

const positive = fc.float({ min: Math.fround(2 ** -19), max: 65504, noNaN: true });

it("the least float16 that is not below a value is the next of all there are", () => {
  const all = Float32Array.from({ length: 0x7c00 }, (_, bits) => widenHalf(bits));
  fc.assert(
    fc.property(positive, (value) => {
      expect(halfAbove(value)).toBe(all.find((each) => each >= value));
    }),
    { numRuns: 50 },
  );
});

it("the bits of every finite float16 that is positive are its own", () => {
  const values = Float32Array.from({ length: 0x7bff }, (_, at) => widenHalf(at + 1));
  expect([...(halfBits(values) ?? [])]).toEqual(Array.from({ length: 0x7bff }, (_, at) => at + 1));
});

it("what float16 does not hold, or holds too coarsely, stays", () => {
  expect(halfBits(Float32Array.of(1, 0.1))).toBeNull();
  expect(halfBits(Float32Array.of(70000))).toBeNull();
  for (const value of [70000, 1e-6]) expect(halfAbove(value)).toBe(value);
  expect(halfBits(Float32Array.of(1e-30))).toBeNull();
});
