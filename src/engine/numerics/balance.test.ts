import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { balanceRounding } from "./balance.ts";
import type { Reduction } from "./reduction.ts";
import { quantizeWeights, weightScales } from "./weights.ts";

function rows(length: number, paired: boolean): Reduction {
  return { length, paired, offset: (channel, k) => channel * length + k };
}

function balanced(weights: number[], codes: number[], paired = false): number[] {
  return [
    ...balanceRounding(
      Float32Array.from(weights),
      Int8Array.from(codes),
      Float32Array.of(1),
      rows(weights.length, paired),
    ),
  ];
}

describe("balanceRounding", () => {
  test("flips the weights closest to the middle between two codes, as few as it takes", () => {
    expect(balanced([0.25, 0.375, 0.375, 0.125], [0, 0, 0, 0])).toEqual([0, 1, 0, 0]);
    expect(balanced([0.25, 0.375, 0.4375, 0.4375, 0.25], [0, 0, 0, 0, 0])).toEqual([0, 0, 1, 1, 0]);
    expect(balanced([-1.375, -2.25, 3], [-1, -2, 3])).toEqual([-2, -2, 3]);
  });

  test("leaves a sum of half a step, and exact weights", () => {
    expect(balanced([0.25, 0.25, 5], [0, 0, 5])).toEqual([0, 0, 5]);
    expect(balanced([0, 0, 3, 0.375, 0.375], [0, 0, 3, 0, 0])).toEqual([0, 0, 3, 1, 0]);
  });

  test("passes over a weight whose pair would no longer fit, and one at the end of the codes", () => {
    expect(balanced([100.4375, 28, 0.375, 0.25], [100, 28, 0, 0], true)).toEqual([100, 28, 1, 0]);
    expect(balanced([100.4375, 28, 0.375, 0.25], [100, 28, 0, 0], false)).toEqual([101, 28, 0, 0]);
    expect(balanced([127.4375, -20, 0.375], [127, -20, 0], true)).toEqual([127, -20, 1]);
  });

  test("every channel's errors add up to half a step at most, no code moves by more than one", () => {
    const weights = fc.array(fc.float({ min: -1, max: 1, noNaN: true }), { minLength: 24, maxLength: 24 });
    fc.assert(
      fc.property(weights, fc.constantFrom(1, 2, 3, 4, 8), (values, channels) => {
        const tensor = Float32Array.from(values);
        const length = values.length / channels;
        const layout = { outer: 1, channels, inner: length };
        const { scales } = weightScales(tensor, layout);
        const codes = quantizeWeights(tensor, layout, scales);
        const result = balanceRounding(tensor, codes, scales, rows(length, false));
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
