import { expect, test } from "vitest";
import { InputError } from "../model/job.ts";
import { widenHalf } from "../values/halfFloats.ts";
import { convertElements } from "./elements.ts";

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

test.each([
  ["int64 to float32", BigInt64Array.of(1n, 16777216n), "float32", [1, 16777216]],
  ["int64 to float64", BigInt64Array.of(2n ** 60n), "float64", [2 ** 60]],
  ["uint16 to float16", Uint16Array.of(2048), "float16", [0x6800]],
  ["floats to bool", Float32Array.of(0, 1), "bool", [0, 1]],
  ["int64 to int32", BigInt64Array.of(-5n), "int32", [-5]],
  ["bool to int64", Uint8Array.of(1), "int64", [1n]],
  ["fractions to float32", Float64Array.of(0.1), "float32", [Math.fround(0.1)]],
] as const)("%s", (_, values, type, held) => {
  expect([...convertElements(values, type, "x")]).toEqual(held);
});

test.each([
  [BigInt64Array.of(16777217n), "float32", "16777217", "integers that it holds exactly, or floats"],
  [BigInt64Array.of(2n ** 53n + 1n), "float64", "9007199254740993", "integers that it holds exactly, or floats"],
  [Int32Array.of(2049), "float16", "2049", "integers that it holds exactly, or floats"],
  [Int32Array.of(70000), "float16", "70000", "integers that it holds exactly, or floats"],
  [BigInt64Array.of(2n ** 40n), "float16", "1099511627776", "integers that it holds exactly, or floats"],
  [Float32Array.of(0.5), "int64", "0.5", "integers in range"],
  [BigInt64Array.of(2n ** 31n), "int32", "2147483648", "integers in range"],
  [Int32Array.of(2), "bool", "2", "integers in range"],
] as const)("what is not held exactly is refused: %#", (values, type, value, wanted) => {
  expect(() => convertElements(values, type, "x.npy")).toThrow(
    new InputError(`x.npy holds ${value}, but the model's input takes ${type}; give it ${wanted}.`),
  );
});

test("every float16 is itself again, and numbers that are not its bits are values", () => {
  const bits = Uint16Array.from({ length: 1 << 16 }, (_, i) => i).filter((each) => (each & 0x7fff) <= 0x7c00);
  expect(convertElements(Float32Array.from(bits, widenHalf), "float16", "x")).toEqual(bits);
  expect(convertElements(Uint16Array.of(1, 2), "float16", "x")).toEqual(Uint16Array.of(0x3c00, 0x4000));
});
