import fc from "fast-check";
import { expect, test } from "vitest";
import { positionsOf } from "./positions.ts";

test("positions ascend within the sample, no more than the limit, the same for the same sample", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 5000 }),
      fc.integer({ min: 1, max: 200 }),
      fc.nat(),
      (count, limit, sample) => {
        const positions = [...positionsOf(count, limit, sample)];
        expect(positions).toHaveLength(Math.min(count, limit));
        expect(new Set(positions).size).toBe(positions.length);
        expect([...positions].sort((a, b) => a - b)).toEqual(positions);
        expect(positions[0]).toBeGreaterThanOrEqual(0);
        expect(positions.at(-1)).toBeLessThan(count);
        expect([...positionsOf(count, limit, sample)]).toEqual(positions);
      },
    ),
  );
});

test("samples are looked at in different places, and no place is left out", () => {
  const seen = new Set(Array.from({ length: 200 }, (_, sample) => [...positionsOf(100, 10, sample)]).flat());
  expect(seen.size).toBe(100);
});
