import fc from "fast-check";
import { expect, test } from "vitest";
import { levels, linear, spread, ticks, zoom } from "./scale.ts";

const plot = { left: 10, right: 510, top: 0, bottom: 100 };

test("a scale and its inverse", () => {
  const scale = linear({ low: -1, high: 3 }, 10, 510);
  expect(scale.toPixel(-1)).toBe(10);
  expect(scale.toPixel(0)).toBe(135);
  fc.assert(
    fc.property(fc.double({ min: -5, max: 5, noNaN: true }), (x) => {
      expect(scale.toValue(scale.toPixel(x))).toBeCloseTo(x, 9);
    }),
  );
});

test("ticks are round and lie in the window", () => {
  expect(ticks({ low: 0, high: 6 }, 6)).toEqual([0, 1, 2, 3, 4, 5, 6]);
  expect(ticks({ low: -0.9, high: 1.1 }, 5)).toEqual([-0.5, 0, 0.5, 1]);
  expect(ticks({ low: 1, high: 1 }, 5)).toEqual([]);
});

test("zooming keeps the value under the pointer and stays in bounds", () => {
  expect(zoom({ low: 0, high: 8 }, 2, 0.5, { low: 0, high: 8 })).toEqual({ low: 1, high: 5 });
  expect(zoom({ low: 1, high: 5 }, 2, 4, { low: 0, high: 8 })).toEqual({ low: 0, high: 8 });
});

test("levels thin out as the range grows narrow and show all when there is room", () => {
  const scale = linear({ low: 0, high: 10 }, plot.left, plot.right);
  expect(levels({ low: 0, high: 10 }, 250, scale, plot, 2)).toHaveLength(251);
  expect(levels({ low: 0, high: 10 }, 255, scale, plot, 4)).toHaveLength(64);
  expect(levels({ low: 0, high: 0 }, 255, scale, plot, 4)).toEqual([]);
});

test("levels outside a zoomed window are left out", () => {
  const scale = linear({ low: 4, high: 5 }, plot.left, plot.right);
  const drawn = levels({ low: 0, high: 10 }, 100, scale, plot, 2);
  expect(drawn).toHaveLength(11);
  for (const pixel of drawn) expect(pixel).toBeGreaterThanOrEqual(plot.left - 1e-9);
});

test("labels too close to each other move apart about their middle, and stay in bounds", () => {
  expect(spread([100, 104, 180], 14, 0, 200)).toEqual([95, 109, 180]);
  expect(spread([104, 100, 108], 10, 0, 200)).toEqual([104, 94, 114]);
  expect(spread([198, 199, 185], 10, 0, 200)).toEqual([190, 200, 180]);
  expect(spread([], 10, 0, 200)).toEqual([]);
});
