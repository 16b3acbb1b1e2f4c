import fc from "fast-check";
import { expect, test } from "vitest";
import { weightLimits } from "../values/codes.ts";
import { balancedCodes } from "./balance.ts";
import type { Reduction } from "./reduction.ts";
import { pairFits, saturationFreeScales } from "./saturation.ts";
import { weightScales } from "./weights.ts";

function rows(length: number, paired = true): Reduction {
  return { length, paired, inner: length, channelStride: length, innerStride: 1, outerStride: 0 };
}

test("pairs fit exactly where their products with 0..255 stay within int16", () => {
  const wrong: [number, number][] = [];
  for (let first = -127; first <= 127; first++) {
    for (let second = -127; second <= 127; second++) {
      const most = 255 * (Math.max(first, 0) + Math.max(second, 0));
      const least = 255 * (Math.min(first, 0) + Math.min(second, 0));
      if (pairFits(first, second) !== (most <= 32767 && least >= -32768)) wrong.push([first, second]);
    }
  }
  expect(wrong).toEqual([]);
});

test("a scale rises as far as the largest pair of one sign needs", () => {
  const weights = Float32Array.of(127, 127, 0, 127, -127, 127, -100, -60, 127, 0, 100, 100);
  const scales = saturationFreeScales(weights, Float32Array.of(1, 1, 1), rows(4));
  expect(scales).toEqual(Float32Array.of(2, 160 / 127, 200 / 127));
  expect(saturationFreeScales(weights, Float32Array.of(1, 1), rows(5))).toEqual(Float32Array.of(2, 1));
});

test("where kernels add single products no scale rises", () => {
  expect(saturationFreeScales(Float32Array.of(127, 127), Float32Array.of(1), rows(2, false))).toEqual(
    Float32Array.of(1),
  );
});

test("all pairs fit after rounding and balancing", () => {
  const edge = fc.constantFrom(-1, -0.5, -64 / 127, 0, 63.5 / 127, 64.5 / 127, 0.5, 1);
  const weight = fc.oneof(edge, fc.float({ min: -1, max: 1, noNaN: true }));
  fc.assert(
    fc.property(
      fc.array(weight, { minLength: 30, maxLength: 30 }),
      fc.constantFrom(2, 3, 5, 6, 10),
      (values, length) => {
        const weights = Float32Array.from(values);
        const layout = { outer: 1, channels: values.length / length, inner: length };
        const scales = saturationFreeScales(weights, weightScales(weights, layout, "int8").scales, rows(length));
        const codes = balancedCodes(weights, scales, weightLimits("int8"), rows(length));
        for (let start = 0; start < codes.length; start += length) {
          for (let k = start; k + 1 < start + length; k += 2) {
            expect(pairFits(codes[k] as number, codes[k + 1] as number)).toBe(true);
          }
        }
      },
    ),
    { numRuns: 500 },
  );
});
