import { expect, test } from "vitest";
import { byteSize, countdown, decibel, duration, memorySize } from "./units.ts";

test.each([
  [0, "0 B"],
  [512, "512 B"],
  [999, "999 B"],
  [1000, "1.00 kB"],
  [999_400, "999 kB"],
  [999_600, "1.00 MB"],
  [4_956_208, "4.96 MB"],
  [2_147_483_647, "2.15 GB"],
])("%d bytes", (bytes, text) => expect(byteSize(bytes)).toBe(text));

test.each([
  [300 * 2 ** 20, "300 MiB"],
  [2 ** 30, "1.00 GiB"],
  [2.5 * 2 ** 30, "2.50 GiB"],
])("%d bytes of memory", (bytes, text) => expect(memorySize(bytes)).toBe(text));

test("decibels", () => {
  expect([31, -1.25, 0.04, 0, Infinity, -Infinity, Number.NaN].map(decibel)).toEqual([
    "31.0 dB",
    "−1.25 dB",
    "0.0400 dB",
    "0 dB",
    "∞ dB",
    "−∞ dB",
    "– dB",
  ]);
});

test.each([
  [0.42, "0.420 ms"],
  [840, "840 ms"],
  [999.6, "1.00 s"],
  [12_400, "12.4 s"],
  [59_960, "1 min 0 s"],
  [200_000, "3 min 20 s"],
  [3_599_800, "1 h 0 min"],
  [7_500_000, "2 h 5 min"],
])("%d ms as a person says it", (milliseconds, text) => expect(duration(milliseconds)).toBe(text));

test("a countdown is in whole seconds, and never at its end before its time", () => {
  expect([0, 11_200, 59_001, 200_001].map(countdown)).toEqual(["1 s", "12 s", "1 min 0 s", "3 min 21 s"]);
});
