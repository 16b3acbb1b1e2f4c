import { expect, test } from "vitest";
import { byteSize, change, countdown, duration, percent, plural, points, significant } from "./format.ts";

test.each([
  [0, "0"],
  [0.0235294, "0.0235"],
  [-1.005, "-1.00"],
  [999.4, "999"],
  [999.6, "1,000"],
  [12345, "12,300"],
  [1.234e-7, "1.23e-7"],
  [5e8, "5.00e8"],
  [Number.NaN, "–"],
  [Number.NEGATIVE_INFINITY, "-∞"],
])("three significant digits of %s", (value, text) => expect(significant(value)).toBe(text));

test("shares and changes carry their unit", () => {
  expect(percent(0.9095)).toBe("91.0 %");
  expect(percent(1e-7)).toBe("<0.001 %");
  expect(percent(0.00002, 1e-4)).toBe("<0.01 %");
  expect(percent(0)).toBe("0 %");
  expect(points(-0.0033)).toBe("-0.330 pt");
  expect(points(0.01)).toBe("+1.00 pt");
  expect(change(200, 50)).toBe("-75.0 %");
});

test("sizes are decimal", () => {
  expect(byteSize(512)).toBe("512 B");
  expect(byteSize(999_600)).toBe("1.00 MB");
  expect(byteSize(4_956_208)).toBe("4.96 MB");
});

test("durations", () => {
  expect(duration(840)).toBe("840 ms");
  expect(duration(200_000)).toBe("3 min 20 s");
  expect(duration(7_500_000)).toBe("2 h 5 min");
  expect(countdown(11_200)).toBe("12 s");
});

test("plurals", () => {
  expect([plural(1, "layer"), plural(1200, "layer")]).toEqual(["1 layer", "1,200 layers"]);
});
