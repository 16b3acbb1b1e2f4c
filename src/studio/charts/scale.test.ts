import fc from "fast-check";
import { expect, test } from "vitest";
import { countTicks, levels, linear, pan, shareTicks, spread, ticks, zoom } from "./scale.ts";

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

test("ticks of shares are none below 0 or above 1", () => {
  expect(shareTicks({ low: 0.975, high: 1.012 }, 5)).toEqual([0.98, 0.99, 1]);
  expect(shareTicks({ low: -0.012, high: 0.011 }, 5)).toEqual([0, 0.005, 0.01]);
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

test("a window that is moved stays as wide as it was, and within the bounds", () => {
  const bounds = { low: -2, high: 8 };
  expect(pan({ low: 0, high: 4 }, 1, bounds)).toEqual({ low: 1, high: 5 });
  expect(pan({ low: 0, high: 4 }, 9, bounds)).toEqual({ low: 4, high: 8 });
  expect(pan({ low: 0, high: 4 }, -9, bounds)).toEqual({ low: -2, high: 2 });
  const value = fc.double({ min: -100, max: 100, noNaN: true });
  fc.assert(
    fc.property(value, value, value, (a, b, by) => {
      const window = { low: Math.max(-2, Math.min(a, b, 8)), high: Math.min(8, Math.max(a, b, -2)) };
      const moved = pan(window, by, bounds);
      expect(moved.high - moved.low).toBeCloseTo(window.high - window.low, 9);
      expect(moved.low).toBeGreaterThanOrEqual(-2 - 1e-9);
      expect(moved.high).toBeLessThanOrEqual(8 + 1e-9);
    }),
  );
});

test("counts stand at the height of the bars that hold them", () => {
  const heights = { left: 0, right: 1, top: 10, bottom: 110 };
  expect(countTicks(8, false, heights)).toEqual([0, 2, 4, 6, 8].map((value) => ({ value, y: 110 - value * 12.5 })));
  const powers = countTicks(999, true, heights);
  expect(powers.map(({ value }) => value)).toEqual([0, 10, 100]);
  expect(powers[0]?.y).toBe(110);
  expect(powers[1]?.y).toBeCloseTo(110 - (Math.log10(11) / 3) * 100, 9);
  expect(countTicks(1e9, true, { ...heights, bottom: 66 }).map(({ value }) => value)).toEqual([0, 1e3, 1e6, 1e9]);
  expect(countTicks(0, true, heights)).toEqual([]);
});
