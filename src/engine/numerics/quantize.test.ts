import fc from "fast-check";
import { expect, test } from "vitest";
import { dequantize, quantize } from "./quantize.ts";

test("rounds half to even after dividing in float32, then saturates", () => {
  const scale = 0.5;
  const values = Float32Array.of(0.25, 0.75, -0.25, -0.75, 63.75, 1e9, -1e9, Infinity, -Infinity);
  expect([...quantize(values, { scale, zeroPoint: 0 }, "int8")]).toEqual([0, 2, 0, -2, 127, 127, -128, 127, -128]);
  expect([...quantize(values, { scale, zeroPoint: 10 }, "uint8")]).toEqual([10, 12, 10, 8, 138, 255, 0, 255, 0]);
});

test("divides by the float32 scale in float32, as the ONNX operator does", () => {
  const scale = Math.fround(0.1);
  const x = Math.fround(0.25);
  expect(x / scale).not.toBe(2.5);
  expect(Math.fround(x / scale)).toBe(2.5);
  expect([...quantize(Float32Array.of(x), { scale, zeroPoint: 0 }, "int8")]).toEqual([2]);
});

test("every code comes back as itself", () => {
  const scales = fc.float({ noNaN: true, min: Math.fround(1e-15), max: Math.fround(1e15) });
  fc.assert(
    fc.property(scales, fc.integer({ min: -128, max: 127 }), (scale, zeroPoint) => {
      const codes = Int8Array.from({ length: 256 }, (_, i) => i - 128);
      expect(quantize(dequantize(codes, { scale, zeroPoint }), { scale, zeroPoint }, "int8")).toEqual(codes);
    }),
    { numRuns: 50 },
  );
});
