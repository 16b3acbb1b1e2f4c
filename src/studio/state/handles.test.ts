import fc from "fast-check";
import { expect, test } from "vitest";
import { moveHandle, stepHandle } from "./handles.ts";

const range = fc.record({
  low: fc.double({ min: -100, max: 0, noNaN: true }),
  high: fc.double({ min: 0, max: 100, noNaN: true }),
});
const handle = fc.constantFrom("low" as const, "high" as const);

test("no handle crosses zero, wherever it is dragged", () => {
  fc.assert(
    fc.property(
      range,
      handle,
      fc.double({ min: -1e3, max: 1e3, noNaN: true }),
      fc.boolean(),
      (start, which, to, symmetric) => {
        const moved = moveHandle(start, which, to, symmetric);
        expect(moved.low).toBeLessThanOrEqual(0);
        expect(moved.high).toBeGreaterThanOrEqual(0);
        if (symmetric) expect(moved.low).toBe(-moved.high);
      },
    ),
  );
});

test("moving one handle leaves the other of an asymmetric range", () => {
  expect(moveHandle({ low: -1, high: 6 }, "high", 4, false)).toEqual({ low: -1, high: 4 });
  expect(stepHandle({ low: 0, high: 1.28 }, "high", 1, false).high).toBeCloseTo(1.29);
  expect(stepHandle({ low: -1.28, high: 1.28 }, "low", -1, true)).toEqual({ low: -1.3, high: 1.3 });
});
