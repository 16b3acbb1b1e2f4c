import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { ActivationScheme } from "../model/range.ts";
import { needsShared, readShared } from "../testing/shared.ts";
import { codeLimits } from "../values/codes.ts";
import { affineParameters, allowedScale, SCALE_FLOOR } from "./affine.ts";
import { quantize } from "./quantize.ts";
import { SCHEMES } from "./testing/measure.ts";

const U8: ActivationScheme = { type: "uint8", symmetric: false };
const U8_SYMMETRIC: ActivationScheme = { type: "uint8", symmetric: true };
const I8: ActivationScheme = { type: "int8", symmetric: false };
const I8_SYMMETRIC: ActivationScheme = { type: "int8", symmetric: true };
const U16: ActivationScheme = { type: "uint16", symmetric: false };
const U16_SYMMETRIC: ActivationScheme = { type: "uint16", symmetric: true };
const I16: ActivationScheme = { type: "int16", symmetric: false };
const I16_SYMMETRIC: ActivationScheme = { type: "int16", symmetric: true };

test.each([
  [U8, -1, 1, 0.00784314, 128],
  [U8_SYMMETRIC, -1, 1, 0.00784314, 128],
  [I8_SYMMETRIC, -1, 1, 0.00787402, 0],
  [I8, -1, 1, 0.00784314, 0],
  [U8, 0, 6, 0.0235294, 0],
  [U8, 0.5, 2, 0.00784314, 0],
  [U8, -2, -0.5, 0.00784314, 255],
  [I8, 0, 6, 0.0235294, -128],
  [U16, -1000, 1000, 0.030518, 32768],
  [U16_SYMMETRIC, -10, 1000, 0.030518, 32768],
  [I16_SYMMETRIC, -10, 1000, 0.0305185, 0],
  [I16, 0, 6000, 0.0915541, -32768],
])("%o on (%d, %d) has scale %d and zero point %d", (scheme, low, high, scale, zeroPoint) => {
  const parameters = affineParameters({ low, high }, scheme);
  expect(parameters.scale).toBeCloseTo(scale, 7);
  expect(parameters.scale).toBe(Math.fround(parameters.scale));
  expect(parameters.zeroPoint).toBe(zeroPoint);
  expect(parameters.degenerate).toBe(false);
});

test.each([
  [U8, 0],
  [U8_SYMMETRIC, 128],
  [I8, 0],
  [I8_SYMMETRIC, 0],
])("%o on (0, 0) has scale 1 and zero point %d, and says so", (scheme, zeroPoint) => {
  expect(affineParameters({ low: 0, high: 0 }, scheme)).toEqual({ scale: 1, zeroPoint, degenerate: true });
});

test.each([1e-17, 1e-30, 1e-45])("a range of %d gets the least scale, and says so", (high) => {
  for (const scheme of SCHEMES) {
    const { scale, degenerate } = affineParameters({ low: 0, high }, scheme);
    expect(scale).toBe(SCALE_FLOOR);
    expect(degenerate).toBe(true);
  }
});

test.each([
  [Number.NaN, 1],
  [0, Infinity],
  [-Infinity, 0],
  [2, 1],
  [-1e308, 1e308],
])("(%d, %d) is refused", (low, high) => {
  for (const scheme of SCHEMES) expect(() => affineParameters({ low, high }, scheme)).toThrow(RangeError);
});

test("zero is represented exactly and both ends within half a step, in every scheme", () => {
  const bound = fc.float({ noNaN: true, min: Math.fround(-1e6), max: Math.fround(1e6) });
  fc.assert(
    fc.property(bound, bound, fc.constantFrom(...SCHEMES), (a, b, scheme) => {
      const range = { low: Math.min(a, b), high: Math.max(a, b) };
      const parameters = affineParameters(range, scheme);
      fc.pre(!parameters.degenerate);
      const { scale, zeroPoint } = parameters;
      const [lowest, highest] = codeLimits(scheme.type);
      expect(zeroPoint).toBeGreaterThanOrEqual(lowest);
      expect(zeroPoint).toBeLessThanOrEqual(highest);
      const ends = Float32Array.of(0, range.low, range.high);
      const codes = scheme.type === "uint8" ? quantize(ends, parameters, "uint8") : quantize(ends, parameters, "int8");
      expect(codes[0]).toBe(zeroPoint);
      for (const end of [1, 2]) {
        const restored = ((codes[end] as number) - zeroPoint) * scale;
        expect(Math.abs(restored - (ends[end] as number))).toBeLessThanOrEqual(scale * (0.5 + 1e-4));
      }
    }),
  );
});

describe("ONNX Runtime's parameters", needsShared, () => {
  test.each([
    ["squeezenet__qdq_u8s8_pc_minmax.json", U8],
    ["mobilenetv1__qdq_u8s8_pc_minmax.json", U8],
    ["mobilenetv1__qdq_s8s8sym_pc_minmax.json", I8_SYMMETRIC],
  ] as const)("%s: the same scale and zero point from the same range", (file, scheme) => {
    const { tensors } = JSON.parse(new TextDecoder().decode(readShared(`golden/${file}`)));
    const activations = Object.values<Record<string, number>>(tensors).filter(
      ({ kind, min }) => `${kind}` === "activation" && min !== undefined,
    );
    expect(activations.length).toBeGreaterThan(10);
    for (const { min, max, scale, zero_point } of activations as {
      min: number;
      max: number;
      scale: number;
      zero_point: number;
    }[]) {
      const ours = affineParameters({ low: min, high: max }, scheme);
      expect(Math.abs(ours.scale / scale - 1)).toBeLessThan(2e-7);
      expect(ours.zeroPoint).toBe(zero_point);
    }
  });
});

describe("a scale of powers of two", () => {
  const powers = { scales: "power-of-two" } as const;

  test.each([
    [1, 1],
    [1.0000001, 2],
    [0.3, 0.5],
    [2 ** -63, 2 ** -63],
    [2 ** -149, 2 ** -149],
    [3 * 2 ** 100, 2 ** 102],
    [0, 0],
  ])("is the least that is not below: %d gives %d", (scale, power) => {
    expect(allowedScale(scale, "power-of-two")).toBe(power);
    expect(allowedScale(scale, undefined)).toBe(scale);
  });

  test("has every power of two stay as it is, and all between two become the upper one", () => {
    for (let exponent = -140; exponent < 127; exponent++) {
      const power = 2 ** exponent;
      expect(allowedScale(power, "power-of-two")).toBe(power);
      expect(allowedScale(power * (1 + 2 ** -40), "power-of-two")).toBe(2 * power);
    }
  });

  test("holds the whole range, the zero point that of the scale raised", () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...SCHEMES),
        fc.double({ min: -1e6, max: 1e6, noNaN: true }),
        fc.double({ min: -1e6, max: 1e6, noNaN: true }),
        (scheme, a, b) => {
          const range = { low: Math.min(a, b, 0), high: Math.max(a, b, 0) };
          const free = affineParameters(range, scheme);
          const { scale, zeroPoint } = affineParameters(range, { ...scheme, ...powers });
          expect(Number.isInteger(Math.log2(scale))).toBe(true);
          if (free.degenerate) return;
          expect(scale).toBeGreaterThanOrEqual(free.scale * (1 - 2 ** -23));
          expect(scale).toBeLessThan(2 * free.scale * (1 + 2 ** -23));
          const [lowest, highest] = codeLimits(scheme.type);
          const slack = 0.5000001 * scale;
          expect((lowest - zeroPoint) * scale - slack).toBeLessThanOrEqual(range.low);
          expect((highest - zeroPoint) * scale + slack).toBeGreaterThanOrEqual(
            scheme.symmetric ? range.high - slack : range.high,
          );
        },
      ),
    );
  });
});
