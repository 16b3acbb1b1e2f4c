import fc from "fast-check";
import { describe, expect, it, test } from "vitest";
import { isAsymmetric, isCodebook, WEIGHT_TYPES, type WeightType, weightLimits } from "../values/codes.ts";
import { roundSmallHalfEven } from "../values/round.ts";
import { SCALE_FLOOR } from "./affine.ts";
import { asymmetricScales, extremeScales, leastErrorBlocks } from "./blockScales.ts";
import { blockLayout, dequantizeBlocks, quantizeBlocks, scaleCount, scaleDims } from "./blocks.ts";
import { channelLayout } from "./channels.ts";
import { forEachBlock, plainChannels, plainExtremes, plainLeastError } from "./testing/blockSearch.ts";
import { dequantizeWeights, quantizeWeights } from "./weights.ts";

const BLOCKED = WEIGHT_TYPES.filter((type) => type !== "nf4" && type !== "float8" && !isCodebook(type));

const noise = (count: number, seed = 1) =>
  Float32Array.from({ length: count }, (_, i) => Math.sin((i + seed) ** 2) * (1 + ((i * 7) % 5)));

const layouts = fc.record({
  outer: fc.integer({ min: 1, max: 3 }),
  length: fc.integer({ min: 1, max: 70 }),
  inner: fc.integer({ min: 1, max: 40 }),
  size: fc.constantFrom(16, 32),
});

test("blocks lie along an axis, the last shorter, and each is seen once", () => {
  fc.assert(
    fc.property(layouts, ({ outer, length, inner, size }) => {
      const dims = [outer, length, inner];
      const layout = blockLayout(dims, 1, size);
      expect(scaleDims(dims, 1, size)).toEqual([outer, Math.ceil(length / size), inner]);
      const values = Float32Array.from({ length: outer * length * inner }, (_, i) => i);
      const seen = new Map<number, number[]>();
      forEachBlock(values, layout, (block, at, first) => {
        expect(seen.has(at)).toBe(false);
        expect(first % size).toBe(0);
        seen.set(at, [...block]);
      });
      const expected = new Map<number, number[]>();
      for (const i of values.keys()) {
        const [o, k, column] = [Math.floor(i / (length * inner)), Math.floor(i / inner) % length, i % inner];
        const at = (o * Math.ceil(length / size) + Math.floor(k / size)) * inner + column;
        expected.set(at, [...(expected.get(at) ?? []), i]);
      }
      expect(seen).toEqual(expected);
      expect(scaleCount(layout)).toBe(expected.size);
    }),
  );
});

const bytesOf = ({ buffer }: Float32Array) => new Uint8Array(buffer);

/** Weights with what makes trouble: zeros, blocks of them, ties, outliers, subnormals. */
const values = (count: number) =>
  fc.array(
    fc.oneof(
      { weight: 8, arbitrary: fc.float({ min: -2, max: 2, noNaN: true }) },
      { weight: 2, arbitrary: fc.integer({ min: -9, max: 9 }).map((value) => value / 2) },
      { weight: 1, arbitrary: fc.constantFrom(0, -0, 1e-20, -1e-42, 3e38, -7e4) },
    ),
    { minLength: count, maxLength: count, size: "max" },
  );
const cases = layouts.chain(({ outer, length, inner, size }) =>
  fc.record({
    dims: fc.constant([outer, length, inner]),
    size: fc.constant(size),
    weights: fc.oneof(values(outer * length * inner), fc.constant(new Array<number>(outer * length * inner).fill(0))),
    importance: fc.option(
      fc.array(fc.float({ min: -3, max: 3, noNaN: true }), { minLength: length, maxLength: length }),
    ),
    type: fc.constantFrom(...BLOCKED),
  }),
);

test("the kernel gives what one block after the other gives, to the bit", () => {
  fc.assert(
    fc.property(cases, ({ dims, size, weights, importance, type }) => {
      const layout = blockLayout(dims, 1, size);
      const values = Float32Array.from(weights);
      const gains = importance && Float32Array.from(importance);
      const least = leastErrorBlocks(values, layout, type, gains);
      expect(least).toEqual(plainLeastError(values, layout, type, gains));
      expect(extremeScales(values, layout, type)).toEqual(plainExtremes(values, layout, type));
      const { scales, zeroPoints } = least;
      const codes = quantizeBlocks(values, layout, scales, zeroPoints, type);
      expect(codes).toEqual(quantizeBlocks(values, layout, scales, zeroPoints, type, roundSmallHalfEven));
      if (!isAsymmetric(type)) return;
      const channels = channelLayout(dims, 2);
      expect(asymmetricScales(values, channels, type)).toEqual(plainChannels(values, channels, type));
    }),
    { seed: 11, numRuns: 60 },
  );
});

test.each([
  [5_000, 32, 1],
  [300, 33, 1],
  [1, 33, 7],
  [1, 17, 66_000],
])("so it does where the kernel is given a weight in parts: %d x %d x %d", (outer, length, inner) => {
  const layout = blockLayout([outer, length, inner], 1, 16);
  const weights = noise(outer * length * inner);
  const found = extremeScales(weights, layout, "uint4");
  const plain = plainExtremes(weights, layout, "uint4");
  expect(Buffer.compare(bytesOf(found.scales), bytesOf(plain.scales))).toBe(0);
  const codes = quantizeBlocks(weights, layout, found.scales, found.zeroPoints, "uint4");
  const expected = quantizeBlocks(weights, layout, plain.scales, plain.zeroPoints, "uint4", roundSmallHalfEven);
  expect(Buffer.compare(codes as Uint8Array, expected as Uint8Array)).toBe(0);
});

test("an axis outside the tensor is refused", () => {
  expect(() => blockLayout([2, 3], 2, 16)).toThrow("Axis 2 is outside a tensor of 2 dimensions.");
});

describe.each(BLOCKED)("scales of blocks in %s", (type: WeightType) => {
  const dims = [2, 70, 5];
  const layout = blockLayout(dims, 1, 32);
  const weights = noise(700);
  const [lowest, highest] = weightLimits(type);
  const errorOf = ({ scales, zeroPoints }: ReturnType<typeof extremeScales>, power: number, by = weights) => {
    const codes = quantizeBlocks(by, layout, scales, zeroPoints, type);
    const values = dequantizeBlocks(codes, layout, scales, zeroPoints);
    return by.reduce((sum, value, i) => sum + Math.abs(value - values[i]!) ** power, 0);
  };

  it("that hold all weights are wrong by half a step at most, or by what rounding the zero point leaves", () => {
    const { scales, zeroPoints, dead } = extremeScales(weights, layout, type);
    const codes = quantizeBlocks(weights, layout, scales, zeroPoints, type);
    const values = dequantizeBlocks(codes, layout, scales, zeroPoints);
    expect(dead).toEqual([]);
    for (const [i, value] of weights.entries()) {
      const scale = scales[(Math.floor(i / 350) * 3 + Math.floor((Math.floor(i / 5) % 70) / 32)) * 5 + (i % 5)]!;
      expect(codes[i]).toBeGreaterThanOrEqual(lowest);
      expect(codes[i]).toBeLessThanOrEqual(highest);
      expect(Math.abs(value - values[i]!)).toBeLessThanOrEqual(scale * (zeroPoints ? 1.001 : 0.501));
    }
  });

  it("of least error are not worse, and a good deal better in 4 bits", () => {
    const power = type === "int4" ? 2 : 2.5;
    const held = errorOf(extremeScales(weights, layout, type), power);
    const least = errorOf(leastErrorBlocks(weights, layout, type, null), power);
    expect(least).toBeLessThanOrEqual(held * 1.0001);
    if (type === "int4" || type === "uint4") expect(least).toBeLessThan(held * 0.85);
  });

  it("weigh inputs that are large more", () => {
    const importance = Float32Array.from({ length: 70 }, (_, k) => (k % 2 === 0 ? 10 : 0.1));
    const large = (found: ReturnType<typeof extremeScales>) => {
      const codes = quantizeBlocks(weights, layout, found.scales, found.zeroPoints, type);
      const values = dequantizeBlocks(codes, layout, found.scales, found.zeroPoints);
      return weights.reduce(
        (sum, w, i) => sum + (Math.floor(i / 5) % 2 === 0 ? Math.abs(w - values[i]!) ** 2.5 : 0),
        0,
      );
    };
    const known = large(leastErrorBlocks(weights, layout, type, importance));
    expect(known).toBeLessThan(large(leastErrorBlocks(weights, layout, type, null)));
  });

  it("are the least there is of blocks of zeros, whose values stay zeros", () => {
    const zeros = new Float32Array(700);
    for (const found of [extremeScales(zeros, layout, type), leastErrorBlocks(zeros, layout, type, null)]) {
      expect(found.dead).toHaveLength(30);
      expect(found.scales.every((scale) => scale === SCALE_FLOOR)).toBe(true);
      expect(errorOf(found, 1, zeros)).toBe(0);
    }
  });

  it("are refused where a weight is not finite", () => {
    for (const bad of [Number.NaN, Infinity, -Infinity]) {
      const broken = weights.slice();
      broken[77] = bad;
      expect(() => extremeScales(broken, layout, type)).toThrow(RangeError);
      expect(() => leastErrorBlocks(broken, layout, type, null)).toThrow(RangeError);
    }
  });
});

test("what is equal everywhere is exact", () => {
  const layout = blockLayout([32], 0, 16);
  for (const value of [3.7, -0.02]) {
    const weights = new Float32Array(32).fill(value);
    for (const type of BLOCKED) {
      const { scales, zeroPoints } = leastErrorBlocks(weights, layout, type, null);
      const values = dequantizeBlocks(
        quantizeBlocks(weights, layout, scales, zeroPoints, type),
        layout,
        scales,
        zeroPoints,
      );
      for (const each of values) expect(each).toBeCloseTo(weights[0]!, 6);
    }
  }
});

test.each(["uint8", "uint4"] as const)("whole channels in %s have zero points of their own", (type) => {
  const layout = channelLayout([3, 4, 9], 1);
  const weights = noise(108).map((value, i) => value + 3 * (Math.floor(i / 9) % 4));
  const { scales, zeroPoints } = asymmetricScales(weights, layout, type);
  expect(scales).toHaveLength(4);
  expect(new Set(zeroPoints).size).toBeGreaterThan(2);
  const codes = quantizeWeights(weights, layout, scales, weightLimits(type), zeroPoints);
  const values = dequantizeWeights(codes, layout, scales, zeroPoints);
  const [signal, error] = weights.reduce(
    ([s, e], value, i) => [s + value ** 2, e + (value - values[i]!) ** 2] as const,
    [0, 0] as readonly [number, number],
  );
  expect(10 * Math.log10(signal / error)).toBeGreaterThan(type === "uint8" ? 45 : 20);
});
