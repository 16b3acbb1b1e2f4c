import fc from "fast-check";
import { expect, test } from "vitest";
import { octaves } from "./octaves.ts";

const steps = fc.integer({ min: -14 * 2048, max: 14 * 2048 });

test("is the power of two to a few units in the last place, and exactly where that is a number", () => {
  fc.assert(
    fc.property(steps, (step) => {
      const power = octaves(step / 2048);
      expect(Math.abs(power / 2 ** (step / 2048) - 1)).toBeLessThan(1e-14);
      if (step % 2048 === 0) expect(power).toBe(2 ** (step / 2048));
    }),
  );
});

test("known values, to the bit", () => {
  expect(octaves(0)).toBe(1);
  expect(octaves(0.5)).toBe(Math.SQRT2);
  expect(octaves(-0.5)).toBe(Math.SQRT2 / 2);
  expect(octaves(-14)).toBe(2 ** -14);
});
