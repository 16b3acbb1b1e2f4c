import fc from "fast-check";
import { expect, test } from "vitest";
import { quantizeBias } from "./bias.ts";

test("the bias scale is the product of input and weight scale", () => {
  const { scales, codes, raised, weightScales } = quantizeBias(
    Float32Array.of(1, -0.5),
    0.5,
    Float32Array.of(0.25, 0.125),
  );
  expect(scales).toEqual(Float32Array.of(0.125, 0.0625));
  expect([...codes]).toEqual([8, -8]);
  expect(raised).toEqual([]);
  expect(weightScales).toEqual(Float32Array.of(0.25, 0.125));
});

test("a near-dead channel's weight scale is raised until its bias fits int32", () => {
  const { scales, codes, raised, weightScales } = quantizeBias(
    Float32Array.of(3, 3),
    0.02,
    Float32Array.of(1e-9, 0.01),
  );
  expect(raised).toEqual([0]);
  expect(weightScales[0]).toBeGreaterThan(1e-9);
  expect(weightScales[1]).toBe(Math.fround(0.01));
  expect((codes[0] as number) * (scales[0] as number)).toBeCloseTo(3, 6);
});

test("a product that underflows float32 is raised too", () => {
  const { scales, raised } = quantizeBias(Float32Array.of(0), 1e-30, Float32Array.of(1e-15));
  expect(raised).toEqual([0]);
  expect(scales[0]).toBeGreaterThanOrEqual(2 ** -126);
});

test("one weight scale serves every element", () => {
  const { scales, codes } = quantizeBias(Float32Array.of(1, 2, 3), 0.5, Float32Array.of(0.5));
  expect(scales).toEqual(Float32Array.of(0.25));
  expect([...codes]).toEqual([4, 8, 12]);
});

test("bad input is refused", () => {
  expect(() => quantizeBias(Float32Array.of(Number.NaN), 1, Float32Array.of(1))).toThrow(RangeError);
  expect(() => quantizeBias(Float32Array.of(1, 2, 3), 1, Float32Array.of(1, 1))).toThrow(RangeError);
});

test("any bias comes back within half a step, never saturated, and scales only rise", () => {
  const scale = fc.float({ noNaN: true, min: Math.fround(1e-12), max: 1 });
  const channel = fc.tuple(fc.float({ noNaN: true, min: -1e6, max: 1e6 }), scale);
  fc.assert(
    fc.property(fc.array(channel, { minLength: 1, maxLength: 8 }), scale, (channels, inputScale) => {
      const bias = Float32Array.from(channels, ([value]) => value);
      const given = Float32Array.from(channels, ([, weightScale]) => weightScale);
      const { weightScales, scales, codes } = quantizeBias(bias, inputScale, given);
      bias.forEach((value, i) => {
        const step = scales[i] as number;
        expect(weightScales[i]).toBeGreaterThanOrEqual(given[i] as number);
        expect(step).toBe(Math.fround(inputScale * (weightScales[i] as number)));
        expect(Math.abs(codes[i] as number)).toBeLessThan(2 ** 31 - 1);
        expect(Math.abs((codes[i] as number) * step - value)).toBeLessThanOrEqual(step / 2 + 1e-12 * Math.abs(value));
      });
    }),
  );
});
