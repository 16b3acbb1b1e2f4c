import fc from "fast-check";
import { expect, test } from "vitest";
import { cosineText, count, interval, listed, plural, signed, significant, significantTo } from "./figures.ts";
import { percent } from "./shares.ts";
import { byteSize, decibel } from "./units.ts";

test.each([
  [0, "0"],
  [-0, "0"],
  [0.0235294, "0.0235"],
  [-1.005, "−1.00"],
  [99.96, "100"],
  [999.4, "999"],
  [999.5, "1,000"],
  [-999.5, "−1,000"],
  [12345, "12,300"],
  [9_994_999, "9,990,000"],
  [1e-7, "1.00e−7"],
  [-1.234e-7, "−1.23e−7"],
  [5e8, "5.00e8"],
  [Number.NaN, "–"],
  [Number.POSITIVE_INFINITY, "∞"],
  [Number.NEGATIVE_INFINITY, "−∞"],
])("three significant digits of %s", (value, text) => expect(significant(value)).toBe(text));

test.each([
  [0.456, "0.46"],
  [9.96, "10"],
  [99.4, "99"],
  [99.6, "100"],
  [1234, "1,200"],
  [-1.234e-7, "−1.2e−7"],
])("two significant digits of %s", (value, text) => expect(significantTo(value, 2)).toBe(text));

test("a figure is within half a unit of its last digit", () => {
  const values = fc.oneof(
    fc.double({ noNaN: true, min: -1e12, max: 1e12 }),
    fc.double({ noNaN: true, min: -1, max: 1 }),
  );
  fc.assert(
    fc.property(values, fc.integer({ min: 2, max: 6 }), (value, digits) => {
      const read = Number(significantTo(value, digits).replaceAll("−", "-").replaceAll(",", ""));
      const unit = 10 ** (Math.floor(Math.log10(Math.abs(value))) - digits + 1);
      expect(Math.abs(read - value)).toBeLessThanOrEqual(value === 0 ? 0 : unit * 0.5001);
    }),
  );
});

test("a sign is told of what is not zero", () => {
  expect([0.5, -0.5, 0, Number.NaN, Infinity].map(signed)).toEqual(["+0.500", "−0.500", "0", "–", "+∞"]);
});

test("cosines have as many decimals as tell them from 1", () => {
  expect([0.999987, -1, Number.NaN].map((value) => cosineText(value))).toEqual(["0.99999", "−1.00000", "–"]);
  expect(cosineText(0.99987, 4)).toBe("0.9999");
});

test("counts, plurals and intervals", () => {
  expect([0, 1200, 5_000_000, -128].map(count)).toEqual(["0", "1,200", "5,000,000", "−128"]);
  expect([0, 1, 1200].map((value) => plural(value, "layer"))).toEqual(["0 layers", "1 layer", "1,200 layers"]);
  expect(interval({ low: -0.5, high: 6 })).toBe("−0.500 to 6.00");
});

test("they are texts of a value alone, whatever else a chart hands to what writes its ticks", () => {
  for (const write of [significant, signed, count, decibel, byteSize, percent]) expect(write).toHaveLength(1);
  expect([1, 2].map(significant)).toEqual(["1.00", "2.00"]);
});

test.each([
  [[], ""],
  [["a"], "a"],
  [["a", "b"], "a and b"],
  [["a", "b", "c"], "a, b and c"],
])("%j listed in words", (names, text) => expect(listed(names)).toBe(text));
