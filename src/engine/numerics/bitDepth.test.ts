import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { affineParameters } from "./affine.ts";
import { bitDepth, liveliest } from "./bitDepth.ts";
import { dequantize, quantize } from "./quantize.ts";
import { tone } from "./tone.ts";

const floats = fc
  .array(fc.float({ noNaN: true, noDefaultInfinity: true, min: -1000, max: 1000 }), { minLength: 1, maxLength: 60 })
  .map((values) => Float32Array.from(values));

describe("bitDepth", () => {
  it("puts four levels over -1..2 at 2 bits, ties to even", () => {
    const { quantized, levels, scale, zeroPoint, sqnr } = bitDepth(Float32Array.of(-1, -0.5, 0, 0.5, 1.5, 2), 2);
    expect([levels, scale, zeroPoint]).toEqual([4, 1, 1]);
    expect([...quantized]).toEqual([-1, 0, 0, 0, 2, 2]);
    expect(sqnr).toBeCloseTo(10 * Math.log10(7.75 / 0.75), 9);
  });

  it("at 8 bits is what an exported uint8 activation with the min-max range is", () => {
    fc.assert(
      fc.property(floats, (values) => {
        const range = { low: Math.min(0, ...values), high: Math.max(0, ...values) };
        const affine = affineParameters(range, { type: "uint8", symmetric: false });
        const { quantized, scale, zeroPoint } = bitDepth(values, 8);
        expect({ scale, zeroPoint }).toEqual({ scale: affine.scale, zeroPoint: affine.zeroPoint });
        expect(quantized.map((x) => x + 0)).toEqual(dequantize(quantize(values, affine, "uint8"), affine));
      }),
    );
  });

  it("takes no more values than there are levels, each within a step of its own", () => {
    fc.assert(
      fc.property(floats, fc.integer({ min: 2, max: 16 }), (values, bits) => {
        const { quantized, levels, scale } = bitDepth(values, bits);
        expect(new Set(quantized).size).toBeLessThanOrEqual(levels);
        for (const [i, value] of quantized.entries()) {
          expect(Math.abs(value - values[i]!)).toBeLessThanOrEqual(scale * 1.001);
        }
      }),
    );
  });

  it("keeps zero exactly, and saturates infinities", () => {
    const { quantized } = bitDepth(Float32Array.of(-0.3, 0, 0.7, Infinity, Number.NaN), 3);
    expect(quantized[1]).toBe(0);
    expect(quantized[3]).toBe(quantized[2]);
    expect(quantized[4]).toBe(0);
    expect([...bitDepth(new Float32Array(3), 4).quantized]).toEqual([0, 0, 0]);
  });

  it("loses about 6 dB a bit on the tone", () => {
    const note = tone(22050, 1);
    const at = (bits: number) => bitDepth(note, bits).sqnr;
    expect((at(16) - at(8)) / 8).toBeGreaterThan(5.8);
    expect((at(16) - at(8)) / 8).toBeLessThan(6.2);
    for (let bits = 3; bits <= 16; bits++) expect(at(bits)).toBeGreaterThan(at(bits - 1));
  });

  it("refuses what is no bit depth", () => {
    for (const bits of [1, 17, 7.5, Number.NaN]) {
      expect(() => bitDepth(Float32Array.of(1), bits)).toThrow(/whole number from 2 to 16/);
    }
  });
});

describe("liveliest", () => {
  it("finds the stretch that moves most", () => {
    const values = new Float32Array(100);
    for (let i = 40; i < 50; i++) values[i] = i % 2;
    const start = liveliest(values, 12);
    expect(start).toBeGreaterThanOrEqual(38);
    expect(start).toBeLessThanOrEqual(40);
    expect(liveliest(values, 200)).toBe(0);
    expect(liveliest(new Float32Array(50), 10)).toBe(0);
  });
});

describe("tone", () => {
  it("has its peak at 1, 440 periods a second and fades", () => {
    const note = tone(22050, 1.5);
    expect(note).toHaveLength(33075);
    expect(Math.max(...note.map(Math.abs))).toBe(1);
    const crossings = note.filter((value, i) => i > 0 && i < 22050 && note[i - 1]! < 0 && value >= 0).length;
    expect(crossings).toBeGreaterThanOrEqual(439);
    expect(crossings).toBeLessThanOrEqual(441);
    expect(Math.max(...note.subarray(-2205).map(Math.abs))).toBeLessThan(0.2);
    expect(() => tone(4000, 1)).toThrow(/too few/);
  });
});
