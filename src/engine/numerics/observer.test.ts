import { isDeepStrictEqual } from "node:util";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Range } from "../model/range.ts";
import type { TensorStatistics } from "../model/statistics.ts";
import { BLOCK, Kernel } from "./kernel/kernel.ts";
import { clampSightings, Observer, StatisticsSum, summarize } from "./observer.ts";
import { bitsAt } from "./resolution.ts";
import { drawFrom } from "./testing/distributions.ts";
import { observe } from "./testing/observe.ts";
import { referenceStatistics } from "./testing/reference.ts";

const anyBits = fc.integer({ min: 0, max: 0xffffffff }).map((bits) => {
  const word = Uint32Array.of(bits);
  return new Float32Array(word.buffer)[0] as number;
});
const value = fc.oneof(anyBits, fc.float(), fc.constantFrom(0, -0, 1, 6, Number.NaN, Infinity, -Infinity, 1e-40));
/** Values with the sample they belong to. */
const seen = fc.array(fc.record({ value, sample: fc.nat({ max: 4 }) }), { maxLength: 60 });
type Seen = readonly { readonly value: number; readonly sample: number }[];

function samplesOf(part: Seen): Map<number, Float32Array> {
  const samples = new Map<number, number[]>();
  for (const { sample, value } of part) samples.set(sample, [...(samples.get(sample) ?? []), value]);
  return new Map([...samples].map(([sample, values]) => [sample, Float32Array.from(values)]));
}

function observeAll(parts: readonly Seen[]): TensorStatistics {
  const observer = new Observer();
  for (const part of parts) for (const [sample, values] of samplesOf(part)) observer.observe(values, sample);
  return observer.statistics();
}

/** As toEqual, without its time for long arrays that are equal. */
function expectEqual(a: TensorStatistics, b: TensorStatistics): void {
  if (!isDeepStrictEqual(a, b)) expect(a).toEqual(b);
}

/** A run handles tables of some hundred kilobytes. */
const RUNS = { numRuns: 40 };

const merge = (...parts: TensorStatistics[]) => Observer.merge(parts);

describe("statistics depend on the values alone", () => {
  test("not on their order or on how they come in batches", () => {
    const shuffled = seen.chain((all) =>
      fc.tuple(fc.constant(all), fc.shuffledSubarray(all, { minLength: all.length }), fc.nat({ max: all.length })),
    );
    fc.assert(
      fc.property(shuffled, ([all, other, cut]) => {
        expect(observeAll([other.slice(0, cut), other.slice(cut)])).toEqual(observeAll([all]));
      }),
      RUNS,
    );
  });

  test("merging two parts gives the statistics of both, either way round", () => {
    fc.assert(
      fc.property(seen, seen, (a, b) => {
        const [left, right] = [observeAll([a]), observeAll([b])];
        const both = observeAll([a, b]);
        expect(merge(left, right)).toEqual(both);
        expect(merge(right, left)).toEqual(both);
      }),
      RUNS,
    );
  });

  test("adding up parts one by one, in any order, gives the statistics of all", () => {
    const samples = fc.array(seen, { maxLength: 5 });
    const shuffled = samples.chain((all) =>
      fc.tuple(fc.constant(all), fc.shuffledSubarray(all, { minLength: all.length })),
    );
    fc.assert(
      fc.property(shuffled, ([all, other]) => {
        const sum = new StatisticsSum();
        for (const part of other) sum.add(observeAll([part]));
        expectEqual(sum.statistics(), observeAll(all));
      }),
      RUNS,
    );
  });

  test("merging is associative", () => {
    fc.assert(
      fc.property(seen, seen, seen, (...parts) => {
        const [a, b, c] = parts.map((part) => observeAll([part])) as [
          TensorStatistics,
          TensorStatistics,
          TensorStatistics,
        ];
        expect(merge(merge(a, b), c)).toEqual(merge(a, merge(b, c)));
      }),
      RUNS,
    );
  });
});

describe("statistics are what their definition says", () => {
  const bounds = fc
    .tuple(fc.oneof(value, fc.constantFrom(-1, 0, 0.5)), fc.oneof(value, fc.constantFrom(-0.5, 0, 6)))
    .map(([a, b]) => ({ low: Math.fround(Math.min(a, b)) + 0, high: Math.fround(Math.max(a, b)) + 0 }))
    .filter(({ low, high }) => low <= high && low < Infinity && high > -Infinity);
  const clampTo =
    ({ low, high }: Range) =>
    (x: number) =>
      Math.min(Math.max(x, low), high);

  test("of any bits", () => {
    fc.assert(
      fc.property(seen, (all) => {
        expect(observeAll([all])).toEqual(referenceStatistics(samplesOf(all)));
      }),
      RUNS,
    );
  });

  test("of values clamped afterwards, by each of several clamps, and of those as they came", () => {
    const signed = fc.tuple(seen, seen, fc.array(bounds, { maxLength: 3 }));
    fc.assert(
      fc.property(signed, ([first, then, clamps]) => {
        const observer = new Observer(new Kernel(), clamps);
        for (const part of [first, then]) {
          for (const [sample, values] of samplesOf(part)) observer.observe(values, sample);
        }
        const all = samplesOf([...first, ...then]);
        expectEqual(observer.statistics(), referenceStatistics(all));
        for (const clamp of clamps) {
          const clamped = new Map([...all].map(([sample, values]) => [sample, values.map(clampTo(clamp))]));
          const derived = summarize([clampSightings(observer.sightings(), clamp)]);
          expectEqual(derived, referenceStatistics(clamped));
        }
      }),
      { numRuns: 80 },
    );
  });

  test("of tensors of many blocks, with values between that no block had before", () => {
    const values = Float32Array.from({ length: 3 * BLOCK + 5 }, (_, i) => Math.sin(i * i) * 2 ** Math.floor(i / 4000));
    values.set([Number.NaN, Infinity, -0, 1e-41, -1e-41, 0, -Infinity], 2 * BLOCK - 3);
    const clamp = { low: Math.fround(-0.3), high: 6 };
    const observer = new Observer(new Kernel(), [clamp]);
    observer.observe(values, 3);
    expect(observer.statistics()).toEqual(referenceStatistics(new Map([[3, values]])));
    const clamped = new Map([[3, values.map(clampTo(clamp))]]);
    expect(summarize([clampSightings(observer.sightings(), clamp)])).toEqual(referenceStatistics(clamped));
  });

  test("of more values than a counter of the kernel may hold", () => {
    const values = new Float32Array(2 ** 20).fill(3);
    values[7] = -1;
    const observer = new Observer();
    for (let i = 0; i < 300; i++) observer.observe(values, 0);
    const { finite, octaves } = observer.statistics();
    expect(finite).toBe(300 * 2 ** 20);
    expect(octaves.map(({ counts }) => Math.max(...counts))).toEqual([300, 300 * (2 ** 20 - 1)]);
  });
});

test("a kernel that was cleared counts anew", () => {
  const kernel = new Kernel();
  new Observer(kernel).observe(Float32Array.of(1, 2, 0, 1e-40), 0);
  kernel.clear();
  const observer = new Observer(kernel);
  observer.observe(Float32Array.of(5), 1);
  expect(observer.statistics()).toEqual(referenceStatistics(new Map([[1, Float32Array.of(5)]])));
});

test("counts and extremes are exact", () => {
  fc.assert(
    fc.property(fc.array(value, { maxLength: 100 }), (raw) => {
      const values = [...Float32Array.from(raw)];
      const finite = values.filter(Number.isFinite);
      const statistics = observe(values);
      expect(statistics.finite).toBe(finite.length);
      expect(statistics.zeros).toBe(finite.filter((x) => x === 0).length);
      expect(statistics.nan).toBe(values.filter(Number.isNaN).length);
      expect(statistics.positiveInfinity).toBe(values.filter((x) => x === Infinity).length);
      expect(statistics.negativeInfinity).toBe(values.filter((x) => x === -Infinity).length);
      expect(statistics.min).toBe(finite.reduce((a, b) => Math.min(a, b), Infinity) + 0);
      expect(statistics.max).toBe(finite.reduce((a, b) => Math.max(a, b), -Infinity) + 0);
    }),
  );
});

test("every value lies in the bin that counts it", () => {
  fc.assert(
    fc.property(fc.array(value, { minLength: 1, maxLength: 40 }), (raw) => {
      const values = [...Float32Array.from(raw)].filter((x) => Number.isFinite(x) && x !== 0);
      const { octaves } = observe(raw);
      const counted = octaves.reduce((sum, { counts }) => sum + counts.reduce((a, b) => a + b, 0), 0);
      expect(counted).toBe(values.length);
      const largest = Math.max(...octaves.map(({ exponent }) => exponent));
      for (const { negative, exponent, bits, counts } of octaves) {
        expect(bits).toBe(bitsAt(largest - exponent));
        const start = exponent === 0 ? 0 : 2 ** (exponent - 127);
        const width = 2 ** (Math.max(exponent, 1) - 127 - bits);
        counts.forEach((count, k) => {
          const inside = values.filter((x) => {
            const magnitude = negative ? -x : x;
            return magnitude >= start + k * width && magnitude < start + (k + 1) * width;
          });
          if (count !== inside.length) expect(count).toBe(inside.length);
        });
      }
    }),
    { numRuns: 30 },
  );
});

test("bins are at most 2^-10 wide, relative, in the eight octaves below the largest value", () => {
  const { octaves } = observe(drawFrom("gaussian", 20000));
  const largest = Math.max(...octaves.map(({ exponent }) => exponent));
  const fine = octaves.filter(({ exponent }) => largest - exponent < 8);
  expect(fine).toHaveLength(15);
  for (const { bits } of fine) expect(bits).toBeGreaterThanOrEqual(10);
});

test("memory is bounded, all octaves of both signs included", () => {
  const values = Array.from({ length: 255 }, (_, exponent) => (exponent === 0 ? 1e-40 : 2 ** (exponent - 127)));
  const { octaves } = observe([...values, ...values.map((x) => -x)]);
  expect(octaves).toHaveLength(510);
  const bytes = octaves.reduce((sum, { counts }) => sum + counts.byteLength, 0);
  expect(bytes).toBeLessThan(331 * 1024);
});

test("keeps the extremes of each sample by index, finite values only", () => {
  const observer = new Observer();
  observer.observe(Float32Array.of(3, Number.NaN, -1), 7);
  observer.observe(Float32Array.of(Infinity, 2), 2);
  observer.observe(Float32Array.of(5), 7);
  observer.observe(Float32Array.of(Number.NaN), 4);
  expect(observer.statistics().samples).toEqual({ index: [2, 7], min: [2, -1], max: [2, 5] });
});

test("nothing seen: no counts, and extremes that any value replaces", () => {
  const { finite, min, max, octaves, samples } = new Observer().statistics();
  expect({ finite, min, max, octaves }).toEqual({ finite: 0, min: Infinity, max: -Infinity, octaves: [] });
  expect(samples.index).toEqual([]);
});

test("reads a view into a larger buffer", () => {
  const values = drawFrom("laplace", 64);
  const buffer = new Float32Array(100).fill(1e9);
  buffer.set(values, 17);
  const observer = new Observer();
  observer.observe(buffer.subarray(17, 81), 0);
  expect(observer.statistics()).toEqual(observe(values));
});

test("statistics are a snapshot: what is observed later does not change them", () => {
  const observer = new Observer();
  observer.observe(Float32Array.of(1, 2), 0);
  const before = observer.statistics();
  observer.observe(Float32Array.of(1, 2), 0);
  expect(before).toEqual(observe([1, 2]));
});

test("statistics that are too coarse to merge are refused", () => {
  const statistics = observe([1, 1.5]);
  const octaves = statistics.octaves.map((octave) => ({ ...octave, bits: 3, counts: new Float64Array(8) }));
  expect(() => Observer.merge([{ ...statistics, octaves }])).toThrow(RangeError);
});
