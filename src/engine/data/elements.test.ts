import { expect, test } from "vitest";
import { convertElements, widenHalf } from "./elements.ts";

test("float16 is the nearest, ties to even, as NumPy has it", () => {
  const least = 2 ** -24;
  const normal = 2 ** -14;
  // np.array([...]).astype(np.float16).view("u2")
  const known: readonly (readonly [number, number])[] = [
    [0, 0x0000],
    [-0, 0x8000],
    [-2, 0xc000],
    [65519.999, 0x7bff],
    [65520, 0x7c00],
    [-1e9, 0xfc00],
    [least, 0x0001],
    [least / 2, 0x0000],
    [(least / 2) * 1.001, 0x0001],
    [(3 * least) / 2, 0x0002],
    [normal - least / 2, 0x0400],
    [1 / 3, 0x3555],
    [2049, 0x6800],
    [2051, 0x6802],
    [1.9999, 0x4000],
  ];
  const values = Float64Array.from(known, ([value]) => value);
  expect([...convertElements(values, "float16", "x")]).toEqual(known.map(([, bits]) => bits));
});

test("every float16 is itself again, and numbers that are not its bits are values", () => {
  const bits = Uint16Array.from({ length: 1 << 16 }, (_, i) => i).filter((each) => (each & 0x7fff) <= 0x7c00);
  expect(convertElements(Float32Array.from(bits, widenHalf), "float16", "x")).toEqual(bits);
  expect(convertElements(Uint16Array.of(1, 2), "float16", "x")).toEqual(Uint16Array.of(0x3c00, 0x4000));
});
