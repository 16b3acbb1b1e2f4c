import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { weightLimits } from "../values/codes.ts";
import { balancedCodes } from "./balance.ts";
import type { Reduction } from "./reduction.ts";
import { plainBalanced } from "./testing/balanced.ts";
import { quantizeWeights, weightScales } from "./weights.ts";

function rows(length: number, paired: boolean): Reduction {
  return { length, paired, inner: length, channelStride: length, innerStride: 1, outerStride: 0 };
}

function balanced(weights: number[], paired = false): number[] {
  return [
    ...balancedCodes(
      Float32Array.from(weights),
      Float32Array.of(1),
      weightLimits("int8"),
      rows(weights.length, paired),
    ),
  ];
}

describe("balancedCodes", () => {
  test("flips the weights closest to the middle between two codes, as few as it takes", () => {
    expect(balanced([0.25, 0.375, 0.375, 0.125])).toEqual([0, 1, 0, 0]);
    expect(balanced([0.25, 0.375, 0.4375, 0.4375, 0.25])).toEqual([0, 0, 1, 1, 0]);
    expect(balanced([-1.375, -2.25, 3])).toEqual([-2, -2, 3]);
  });

  test("leaves a sum of half a step, and exact weights", () => {
    expect(balanced([0.25, 0.25, 5])).toEqual([0, 0, 5]);
    expect(balanced([0, 0, 3, 0.375, 0.375])).toEqual([0, 0, 3, 1, 0]);
  });

  test("passes over a weight whose pair would no longer fit, and one at the end of the codes", () => {
    expect(balanced([100.4375, 28, 0.375, 0.25], true)).toEqual([100, 28, 1, 0]);
    expect(balanced([100.4375, 28, 0.375, 0.25], false)).toEqual([101, 28, 0, 0]);
    expect(balanced([127.4375, -20, 0.375], true)).toEqual([127, -20, 1]);
  });

  test("flips the largest errors first, of equal ones the first, however many it takes", () => {
    const sixteenths = fc.integer({ min: -7, max: 7 }).map((n) => n / 16);
    fc.assert(
      fc.property(fc.array(sixteenths, { minLength: 1, maxLength: 200 }), fc.constantFrom(-1, 1), (values, sign) => {
        const errors = values.map((value) => sign * Math.abs(value));
        const sum = errors.reduce((a, b) => a + b, 0);
        const order = errors.map((_, k) => k).sort((a, b) => Math.abs(errors[b]!) - Math.abs(errors[a]!) || a - b);
        const flipped = new Set(order.slice(0, Math.max(0, Math.ceil(Math.abs(sum) - 0.5))));
        expect(balanced(errors).map(Math.abs)).toEqual(errors.map((_, k) => (flipped.has(k) ? 1 : 0)));
      }),
    );
  });

  test("every channel's errors add up to half a step at most, no code moves by more than one", () => {
    const weights = fc.array(fc.float({ min: -1, max: 1, noNaN: true }), { minLength: 24, maxLength: 24 });
    fc.assert(
      fc.property(weights, fc.constantFrom(1, 2, 3, 4, 8), (values, channels) => {
        const tensor = Float32Array.from(values);
        const length = values.length / channels;
        const layout = { outer: 1, channels, inner: length };
        const limits = weightLimits("int8");
        const { scales } = weightScales(tensor, layout, "int8");
        const codes = quantizeWeights(tensor, layout, scales, limits);
        const result = balancedCodes(tensor, scales, limits, rows(length, false));
        scales.forEach((scale, channel) => {
          let sum = 0;
          for (let i = channel * length; i < (channel + 1) * length; i++) {
            sum += (tensor[i] as number) / scale - (result[i] as number);
            expect(Math.abs((result[i] as number) - (codes[i] as number))).toBeLessThanOrEqual(1);
            expect(Math.abs(result[i] as number)).toBeLessThanOrEqual(127);
          }
          expect(Math.abs(sum)).toBeLessThanOrEqual(0.5 + 1e-4);
        });
      }),
    );
  });
});

test("the kernel gives what one value after the other gives, to the bit", () => {
  const weight = fc.oneof(
    fc.float({ min: -130, max: 130, noNaN: true }),
    fc.integer({ min: -260, max: 260 }).map((value) => value / 2),
  );
  const given = fc.record({
    length: fc.integer({ min: 1, max: 60 }),
    channels: fc.integer({ min: 1, max: 20 }),
    isTurned: fc.boolean(),
    paired: fc.boolean(),
    zero: fc.option(fc.integer({ min: 0, max: 255 })),
  });
  const cases = given.chain((shape) => {
    const count = shape.length * shape.channels;
    return fc.tuple(fc.constant(shape), fc.array(weight, { minLength: count, maxLength: count, size: "max" }));
  });
  fc.assert(
    fc.property(cases, ([{ length, channels, isTurned, paired, zero }, weights]) => {
      const turned = { length, paired, inner: 1, channelStride: 1, innerStride: 1, outerStride: channels };
      const reduction = isTurned ? turned : rows(length, paired);
      const scales = Float32Array.from({ length: channels }, (_, channel) => 0.7 + channel / 9);
      const zeros = zero === null ? null : new Uint8Array(channels).fill(zero);
      const limits = weightLimits(zeros ? "uint8" : "int8");
      const given = [Float32Array.from(weights), scales, limits, reduction, zeros] as const;
      expect(balancedCodes(...given)).toEqual(plainBalanced(...given));
    }),
    { seed: 12, numRuns: 150 },
  );
});
