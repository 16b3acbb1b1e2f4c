import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { channelLayout } from "./channels.ts";
import { codebookOf, fromCodebook } from "./codebook.ts";
import { balancedPlaces } from "./codebookBalance.ts";
import { rowsOf } from "./reduction.ts";

const whole = (count: number) => channelLayout([count], null);

/** Values whose sum of three makes them dense about 0, as weights are. */
function weights(count: number, seed: number): Float32Array {
  const at = (i: number) => ((Math.imul(i + seed * 7919, 2654435761) >>> 0) % 65536) / 32768 - 1;
  return Float32Array.from({ length: count }, (_, i) => at(3 * i) + at(3 * i + 1) + at(3 * i + 2));
}

/** The least sum of squares with so many entries: by dynamic programming over ascending values. */
function leastError(values: Float32Array, entries: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  const sums = [0];
  const squares = [0];
  for (const value of sorted) {
    sums.push(sums[sums.length - 1]! + value);
    squares.push(squares[squares.length - 1]! + value * value);
  }
  const cost = (from: number, to: number) =>
    squares[to]! - squares[from]! - (sums[to]! - sums[from]!) ** 2 / (to - from || 1);
  let least = sorted.map((_, end) => cost(0, end + 1));
  for (let entry = 1; entry < entries; entry++) {
    const before = least;
    least = sorted.map((_, end) => {
      let best = before[end]!;
      for (let from = 1; from <= end; from++) best = Math.min(best, before[from - 1]! + cost(from, end + 1));
      return best;
    });
  }
  return least[least.length - 1]!;
}

const errorOf = (a: Float32Array, b: Float32Array) => a.reduce((sum, value, i) => sum + (value - b[i]!) ** 2, 0);

describe("a codebook", () => {
  it("holds what has no more values than entries exactly", () => {
    const values = Float32Array.from({ length: 100 }, (_, i) => [-2.5, 0, 0.125, 7][i % 4]!);
    const found = codebookOf(values, whole(100), 16);
    expect(found.table).toHaveLength(16);
    expect(fromCodebook(found.codes, whole(100), found)).toEqual(values);
  });

  it("comes near the least error there is, found by dynamic programming", () => {
    for (const seed of [1, 2, 3, 4]) {
      const values = weights(200, seed);
      const found = codebookOf(values, whole(200), 16);
      const error = errorOf(values, fromCodebook(found.codes, whole(200), found));
      const least = leastError(values, 16);
      expect(error).toBeGreaterThan(least * (1 - 1e-6));
      expect(error).toBeLessThan(least * 1.15);
    }
  });

  it("has each entry in the middle of the values that are nearest to it, and each value its nearest entry", () => {
    fc.assert(
      fc.property(fc.integer({ min: 40, max: 300 }), fc.nat({ max: 1000 }), (count, seed) => {
        const values = weights(count, seed);
        const { table, codes } = codebookOf(values, whole(count), 16);
        expect([...table]).toEqual([...table].sort((a, b) => a - b));
        for (const [entry, value] of table.entries()) {
          const own = values.filter((_, i) => codes[i] === entry);
          if (own.length > 0) expect(value).toBeCloseTo(own.reduce((sum, each) => sum + each, 0) / own.length, 5);
        }
        values.forEach((value, i) => {
          const distance = Math.abs(value - table[codes[i]!]!);
          expect(table.every((each) => Math.abs(value - each) >= distance - 1e-6)).toBe(true);
        });
      }),
      { seed: 11, numRuns: 20 },
    );
  });

  it("has scales for channels of other sizes, and gives those that are all zero back as zeros", () => {
    const sizes = [1, 100, 0, 0.001];
    const values = weights(4 * 64, 5).map((value, i) => value * sizes[Math.floor(i / 64)]!);
    const layout = channelLayout([4, 64], 0);
    const found = codebookOf(values, layout, 16);
    expect(found.dead).toEqual([2]);
    const back = fromCodebook(found.codes, layout, found);
    for (const channel of [0, 1, 3]) {
      const [own, other] = [values, back].map((each) => each.subarray(channel * 64, (channel + 1) * 64)) as [
        Float32Array,
        Float32Array,
      ];
      expect(errorOf(own, other)).toBeLessThan(0.02 * errorOf(own, new Float32Array(64)));
    }
    expect(back.subarray(128, 192).every((value) => value === 0)).toBe(true);
  });

  it("is refused where a weight is not finite", () => {
    expect(() => codebookOf(Float32Array.of(1, Number.NaN), whole(2), 16)).toThrow(RangeError);
    expect(() => codebookOf(Float32Array.of(1, Infinity), whole(2), 16)).toThrow(RangeError);
  });
});

it("errors of a channel add up to less than the least step when they are balanced, and each stays next to its value", () => {
  const layout = channelLayout([3, 200], 0);
  const values = weights(600, 9).map((value) => value + 0.01);
  const found = codebookOf(values, layout, 16);
  const codes = balancedPlaces(values, found, rowsOf(layout));
  const back = fromCodebook(codes, layout, found);
  const steps = found.table.slice(1).map((entry, i) => entry - found.table[i]!);
  for (let channel = 0; channel < 3; channel++) {
    let sum = 0;
    for (let i = channel * 200; i < (channel + 1) * 200; i++) sum += (values[i]! - back[i]!) / found.scales[channel]!;
    expect(Math.abs(sum)).toBeLessThanOrEqual(Math.min(...steps));
  }
  expect(codes.every((code, i) => Math.abs(code - found.codes[i]!) <= 1)).toBe(true);
});
