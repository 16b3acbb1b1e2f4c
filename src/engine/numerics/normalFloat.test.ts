import { expect, test } from "vitest";
import { SCALE_FLOOR } from "./affine.ts";
import { fromNormalFloats, NORMAL_FLOATS, normalFloats } from "./normalFloat.ts";

test("the values rise from -1 to 1, with 0 among them", () => {
  expect(NORMAL_FLOATS).toHaveLength(16);
  expect([NORMAL_FLOATS[0], NORMAL_FLOATS[7], NORMAL_FLOATS[15]]).toEqual([-1, 0, 1]);
  for (let i = 1; i < 16; i++) expect(NORMAL_FLOATS[i]!).toBeGreaterThan(NORMAL_FLOATS[i - 1]!);
});

test.each([0, 1])(
  "each weight is the nearest value of its block, whose largest is exact, with inputs along axis %i",
  (axis) => {
    const [inputs, rows, size] = [20, 3, 16];
    const dims = axis === 0 ? ([inputs, rows] as const) : ([rows, inputs] as const);
    const weights = Float32Array.from({ length: 60 }, (_, i) => Math.sin(i * i) * (1 + (i % 7)));
    const { scales, codes, dead } = normalFloats(weights, dims, axis, size);
    const values = fromNormalFloats(codes, dims, axis, size, scales);
    expect([scales.length, dead]).toEqual([4, []]);
    for (let row = 0; row < rows; row++) {
      for (let k = 0; k < inputs; k++) {
        const at = axis === 0 ? k * rows + row : row * inputs + k;
        const scale = scales[Math.floor((row * inputs + k) / size)]!;
        const distances = [...NORMAL_FLOATS].map((value) => Math.abs(value * scale - weights[at]!));
        expect(Math.abs(values[at]! - weights[at]!)).toBeCloseTo(Math.min(...distances), 6);
        expect(Math.abs(weights[at]!)).toBeLessThanOrEqual(scale);
      }
    }
  },
);

test("zeros stay zeros, and what is not finite is refused", () => {
  const { scales, codes, dead } = normalFloats(new Float32Array(32), [16, 2], 0, 16);
  expect([[...scales], dead]).toEqual([
    [SCALE_FLOOR, SCALE_FLOOR],
    [0, 1],
  ]);
  expect(fromNormalFloats(codes, [16, 2], 0, 16, scales).every((value) => value === 0)).toBe(true);
  for (const bad of [Number.NaN, Infinity]) {
    expect(() => normalFloats(new Float32Array(32).fill(bad), [16, 2], 0, 16)).toThrow(RangeError);
  }
});
