import fc from "fast-check";
import { expect, test } from "vitest";
import { type ChannelGrid, nearestCodes, productError } from "./channelGrid.ts";
import { productScales } from "./productScales.ts";

const INPUTS = 10;
const BLOCK = 4;
const inputs = fc.array(
  fc.array(fc.double({ min: -2, max: 2, noNaN: true }), { minLength: INPUTS, maxLength: INPUTS }),
  {
    minLength: 3,
    maxLength: 12,
  },
);
const weights = fc
  .array(fc.double({ min: -1, max: 1, noNaN: true }), { minLength: INPUTS, maxLength: INPUTS })
  .map((values) => Float32Array.from(values));

/** Products of samples, of inputs in other blocks 0. */
function gramOf(samples: readonly (readonly number[])[], block = INPUTS): Float64Array {
  return Float64Array.from({ length: INPUTS * INPUTS }, (_, at) => {
    const [i, j] = [Math.floor(at / INPUTS), at % INPUTS];
    const together = Math.floor(i / block) === Math.floor(j / block);
    return together ? samples.reduce((sum, sample) => sum + sample[i]! * sample[j]!, 0) / samples.length : 0;
  });
}

const errorOn = (weight: Float32Array, grid: ChannelGrid, gram: Float64Array) =>
  productError(weight, nearestCodes(weight, grid), grid, { inputs: INPUTS, gram });

test("lose no more of each block's products than scales that hold all weights, and lie within limits", () => {
  fc.assert(
    fc.property(inputs, weights, fc.constantFrom("int4" as const, "uint4" as const), (samples, weight, type) => {
      const gram = gramOf(samples, BLOCK);
      const grid = productScales(weight, { inputs: INPUTS, gram }, BLOCK, type);
      const isSigned = type === "int4";
      const whole = Array.from({ length: 3 }, (_, block) => {
        const values = [...weight.subarray(block * BLOCK, (block + 1) * BLOCK), 0];
        const [low, high] = [Math.min(...values), Math.max(...values)];
        const scale = Math.max(isSigned ? Math.max(high / 7, -low / 8) : (high - low) / 15, 2 ** -100);
        const zeroPoint = isSigned ? 0 : Math.min(15, Math.max(0, Math.floor(7.5 - (low + high) / 2 / scale)));
        return { scale, zeroPoint };
      });
      const plain: ChannelGrid = {
        ...grid,
        scales: Float32Array.from(whole, ({ scale }) => scale),
        zeroPoints: whole.map(({ zeroPoint }) => zeroPoint),
      };
      expect(errorOn(weight, grid, gram)).toBeLessThanOrEqual(errorOn(weight, plain, gram) * (1 + 1e-6) + 1e-12);
      for (const scale of grid.scales) expect(scale).toBeGreaterThan(0);
      for (const point of Array.from(grid.zeroPoints))
        expect(point >= grid.limits[0] && point <= grid.limits[1]).toBe(true);
    }),
    { numRuns: 60, seed: 5 },
  );
});

test("clip what is multiplied by next to nothing for the sake of what is multiplied by much", () => {
  const gram = new Float64Array(16);
  for (const [i, value] of [100, 100, 100, 0.001].entries()) gram[5 * i] = value;
  const weight = Float32Array.of(0.12, -0.12, 0.12, 1);
  const [scale = 0] = productScales(weight, { inputs: 4, gram }, 4, "int4").scales;
  expect(scale).toBeCloseTo(0.12, 3);
});

test("of weights that are all zero are the least there is", () => {
  const grid = productScales(new Float32Array(4), { inputs: 4, gram: new Float64Array(16) }, 4, "uint4");
  expect([...nearestCodes(new Float32Array(4), grid)]).toEqual([0, 0, 0, 0]);
});
