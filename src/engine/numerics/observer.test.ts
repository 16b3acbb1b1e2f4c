import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { TensorStatistics } from "../model/statistics.ts";
import { Observer } from "./observer.ts";
import { bitsAt } from "./resolution.ts";
import { drawFrom } from "./testing/distributions.ts";
import { observe } from "./testing/observe.ts";

const anyBits = fc.integer({ min: 0, max: 0xffffffff }).map((bits) => {
  const word = Uint32Array.of(bits);
  return new Float32Array(word.buffer)[0] as number;
});
const value = fc.oneof(anyBits, fc.float(), fc.constantFrom(0, -0, 1, 6, Number.NaN, Infinity, -Infinity, 1e-40));
/** Values with the sample they belong to. */
const seen = fc.array(fc.record({ value, sample: fc.nat({ max: 4 }) }), { maxLength: 60 });
type Seen = readonly { readonly value: number; readonly sample: number }[];

function observeAll(parts: readonly Seen[]): TensorStatistics {
  const observer = new Observer();
  for (const part of parts) {
    for (const sample of new Set(part.map((one) => one.sample))) {
      const values = part.filter((one) => one.sample === sample).map((one) => one.value);
      observer.observe(Float32Array.from(values), sample);
    }
  }
  return observer.statistics();
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

  test("an observer that continues from a checkpoint ends where an uninterrupted one does", () => {
    fc.assert(
      fc.property(seen, seen, (before, after) => {
        const resumed = Observer.from(observeAll([before]));
        for (const { value, sample } of after) resumed.observe(Float32Array.of(value), sample);
        expect(resumed.statistics()).toEqual(observeAll([before, after]));
      }),
      RUNS,
    );
  });
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
  for (const { exponent, bits } of octaves) if (largest - exponent < 8) expect(bits).toBeGreaterThanOrEqual(10);
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
  const observer = Observer.from(observe([1, 2]));
  const before = observer.statistics();
  observer.observe(Float32Array.of(1, 2), 0);
  expect(before).toEqual(observe([1, 2]));
});

test("statistics that are too coarse to merge are refused", () => {
  const statistics = observe([1, 1.5]);
  const octaves = statistics.octaves.map((octave) => ({ ...octave, bits: 3, counts: new Float64Array(8) }));
  expect(() => Observer.from({ ...statistics, octaves })).toThrow(RangeError);
});
