import fc from "fast-check";
import { expect, test } from "vitest";
import { Comparator } from "./metrics.ts";

function compare(reference: readonly number[], other: readonly number[]) {
  const comparator = new Comparator();
  comparator.add(Float32Array.from(reference), Float32Array.from(other));
  return comparator.result();
}

test("known figures", () => {
  const { pairs, mse, mae, sqnr, cosine } = compare([3, 4], [3, 5]);
  expect({ pairs, mse, mae }).toEqual({ pairs: 2, mse: 0.5, mae: 0.5 });
  expect(sqnr).toBeCloseTo(10 * Math.log10(25), 10);
  expect(cosine).toBeCloseTo(29 / (5 * Math.sqrt(34)), 10);
});

test("equal values lose nothing; zeros have no ratio", () => {
  expect(compare([1, 2], [1, 2])).toMatchObject({ mse: 0, sqnr: Infinity, cosine: 1 });
  expect(compare([0, 0], [0, 0])).toMatchObject({ mse: 0, sqnr: Number.NaN, cosine: 1 });
  expect(compare([0, 0], [1, 0])).toMatchObject({ sqnr: -Infinity, cosine: 0 });
});

test("pairs with NaN or infinity on either side are left out and counted", () => {
  const { pairs, skipped, mse } = compare([1, Number.NaN, 2, Infinity, 5], [2, 1, -Infinity, Infinity, 5]);
  expect({ pairs, skipped, mse }).toEqual({ pairs: 2, skipped: 3, mse: 0.5 });
});

test("nothing compared has no figure", () => {
  const none = { pairs: 0, mse: Number.NaN, mae: Number.NaN, sqnr: Number.NaN, cosine: Number.NaN };
  expect(compare([Number.NaN, 1], [1, Infinity])).toMatchObject(none);
  expect(compare([], [])).toMatchObject(none);
});

test("different lengths are refused", () => {
  expect(() => compare([1], [1, 2])).toThrow(RangeError);
});

test("adding in parts is adding at once", () => {
  const pairs = fc.array(fc.tuple(fc.float({ min: -100, max: 100 }), fc.float({ min: -100, max: 100 })), {
    minLength: 1,
  });
  fc.assert(
    fc.property(pairs, fc.nat(), (all, seed) => {
      const [reference, other] = [0, 1].map((side) => Float32Array.from(all, (pair) => pair[side] as number));
      const cut = seed % all.length;
      const comparator = new Comparator();
      comparator.add((reference as Float32Array).subarray(0, cut), (other as Float32Array).subarray(0, cut));
      comparator.add((reference as Float32Array).subarray(cut), (other as Float32Array).subarray(cut));
      const whole = compare([...(reference as Float32Array)], [...(other as Float32Array)]);
      const merged = new Comparator();
      merged.merge(comparator);
      merged.merge(new Comparator());
      for (const parts of [comparator.result(), merged.result()]) {
        expect(parts.pairs).toBe(whole.pairs);
        expect(parts.skipped).toBe(whole.skipped);
        if (whole.pairs === 0) expect([parts.mse, parts.cosine]).toEqual([Number.NaN, Number.NaN]);
        else {
          expect(Math.abs(parts.mse - whole.mse)).toBeLessThanOrEqual(1e-12 * whole.mse);
          expect(parts.cosine).toBeCloseTo(whole.cosine, 12);
        }
      }
    }),
  );
});
