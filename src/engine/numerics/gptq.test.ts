import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { ChannelGrid } from "./channelGrid.ts";
import { cholesky, solveCholesky } from "./cholesky.ts";
import { ProductRounding } from "./gptq.ts";

const floats = (count: number, high = 1) =>
  fc.array(fc.double({ min: -high, max: high, noNaN: true }), { minLength: count, maxLength: count });

/** Products of `rows` samples of `inputs` values, and the samples. */
function productsOf(samples: readonly (readonly number[])[], inputs: number): Float64Array {
  const gram = new Float64Array(inputs * inputs);
  for (const sample of samples) {
    for (let i = 0; i < inputs; i++) {
      for (let j = 0; j < inputs; j++) gram[i * inputs + j] = gram[i * inputs + j]! + sample[i]! * sample[j]!;
    }
  }
  return gram.map((value) => value / samples.length);
}

const grid = (scale: number): ChannelGrid => ({
  block: 4,
  scales: Float32Array.of(scale),
  zeroPoints: [0],
  limits: [-8, 7],
});

describe("Cholesky", () => {
  it("of a known matrix", () => {
    expect([...cholesky([4, 12, -16, 12, 37, -43, -16, -43, 98], 3)!]).toEqual([2, 0, 0, 6, 1, 0, -8, 5, 3]);
    expect(cholesky([1, 2, 2, 1], 2)).toBeNull();
  });

  it("solves what it factored", () => {
    fc.assert(
      fc.property(fc.array(floats(4), { minLength: 8, maxLength: 12 }), floats(4), (samples, x) => {
        const gram = productsOf(samples, 4);
        for (let i = 0; i < 4; i++) gram[i * 5] = gram[i * 5]! + 0.1;
        const b = Float64Array.from(x, (_, i) => x.reduce((sum, value, j) => sum + gram[i * 4 + j]! * value, 0));
        solveCholesky(cholesky(gram, 4)!, 4, b);
        for (const [i, value] of x.entries()) expect(b[i]).toBeCloseTo(value, 6);
      }),
    );
  });
});

describe("codes by products", () => {
  it("are the nearest where inputs have nothing to do with one another", () => {
    fc.assert(
      fc.property(
        floats(4),
        fc.array(fc.double({ min: 0.1, max: 9, noNaN: true }), { minLength: 4, maxLength: 4 }),
        (w, d) => {
          const gram = Float64Array.from({ length: 16 }, (_, at) => (at % 5 === 0 ? d[at / 5]! : 0));
          const weight = Float32Array.from(w);
          const rounding = new ProductRounding({ inputs: 4, gram });
          const { codes, error } = rounding.round(weight, grid(0.25), false);
          const nearest = rounding.nearest(weight, grid(0.25));
          expect(error).toBeLessThanOrEqual(nearest * (1 + 1e-9) + 1e-15);
          for (const [i, code] of codes.entries())
            expect(Math.abs(code * 0.25 - Math.fround(w[i]!))).toBeLessThanOrEqual(0.125 + 1e-9);
        },
      ),
    );
  });

  it("make up for one another where two inputs are the same", () => {
    const gram = [1, 1, 1, 1];
    const weight = Float32Array.of(0.4, 0.4);
    const two = { block: 2, scales: Float32Array.of(1), zeroPoints: [0], limits: [-8, 7] } as const;
    const { codes } = new ProductRounding({ inputs: 2, gram }).round(weight, two, false);
    expect(codes[0]! + codes[1]!).toBe(1);
  });

  it("never lie further from the products than the nearest codes do, and are within limits", () => {
    fc.assert(
      fc.property(fc.array(floats(8), { minLength: 3, maxLength: 20 }), floats(8), fc.boolean(), (samples, w, fits) => {
        const halves: ChannelGrid = {
          block: 4,
          scales: Float32Array.of(0.125, 0.25),
          zeroPoints: [8, 7],
          limits: [0, 15],
        };
        const gram = productsOf(samples, 8);
        const weight = Float32Array.from(w);
        const rounding = new ProductRounding({ inputs: 8, gram });
        const { codes, scales, error } = rounding.round(weight, halves, fits);
        const nearest = rounding.nearest(weight, halves);
        expect(error).toBeLessThanOrEqual(nearest * (1 + 1e-9) + 1e-12);
        for (const code of codes) expect(code >= 0 && code <= 15).toBe(true);
        for (const scale of scales) expect(scale).toBeGreaterThan(0);
        if (!fits) expect(scales).toEqual(halves.scales);
      }),
    );
  });

  it("do with products that are all zero, or of one sample", () => {
    const weight = Float32Array.of(0.3, -0.6, 0.9, 0);
    for (const gram of [new Float64Array(16), productsOf([[1, 2, 3, 4]], 4)]) {
      const { codes } = new ProductRounding({ inputs: 4, gram }).round(weight, grid(0.3), true);
      expect(codes).toHaveLength(4);
    }
    expect([
      ...new ProductRounding({ inputs: 4, gram: new Float64Array(16) }).round(weight, grid(0.3), true).codes,
    ]).toEqual([1, -2, 3, 0]);
  });

  it("halve the error of correlated inputs", () => {
    let seed = 7;
    const random = () => {
      seed = (seed * 1103515245 + 12345) % 2 ** 31;
      return seed / 2 ** 30 - 1;
    };
    const inputs = 32;
    const samples = Array.from({ length: 200 }, () => {
      const common = random();
      return Array.from({ length: inputs }, () => common + 0.2 * random());
    });
    const rounding = new ProductRounding({ inputs, gram: productsOf(samples, inputs) });
    const scales = Float32Array.of(1 / 7);
    const sums = { nearest: 0, plain: 0, fitted: 0 };
    for (let channel = 0; channel < 20; channel++) {
      const weight = Float32Array.from({ length: inputs }, random);
      const wide = { block: inputs, scales, zeroPoints: [0], limits: [-8, 7] } as const;
      const plain = rounding.round(weight, wide, false);
      const fitted = rounding.round(weight, wide, true);
      expect(fitted.error).toBeLessThanOrEqual(plain.error);
      sums.nearest += rounding.nearest(weight, wide);
      sums.plain += plain.error;
      sums.fitted += fitted.error;
    }
    expect(sums.plain).toBeLessThan(sums.nearest / 2);
    expect(sums.fitted).toBeLessThan(sums.plain);
  });
});
