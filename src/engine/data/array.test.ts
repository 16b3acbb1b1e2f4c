import fc from "fast-check";
import { gzipSync } from "fflate";
import { expect, test } from "vitest";
import type { DataType } from "../values/elementTypes.ts";
import { readElements } from "./array.ts";
import { convertElements } from "./elements.ts";
import { gunzipFile, gunzipHead } from "./gzip.ts";
import { readIdx } from "./idx.ts";
import { readNpy } from "./npy.ts";
import { idxBytes, memoryFile, npyBytes, range } from "./testing/files.ts";

test.each([
  ["<f4", "float32", Float32Array.of(1.5, -2, 3e38, 0)],
  ["<f8", "float64", Float64Array.of(Math.PI, -1, 1e300, 0)],
  ["|u1", "uint8", Uint8Array.of(1, 2, 255, 0)],
  ["|i1", "int8", Int8Array.of(1, -2, -128, 0)],
  ["<i2", "int16", Int16Array.of(1, -2, 300, 0)],
  ["<u2", "uint16", Uint16Array.of(1, 2, 65535, 0)],
  ["<i4", "int32", Int32Array.of(1, -2, 70000, 0)],
  ["<u4", "uint32", Uint32Array.of(1, 2, 4e9, 0)],
  ["<i8", "int64", BigInt64Array.of(1n, -2n, 1n << 40n, 0n)],
  ["<u8", "uint64", BigUint64Array.of(1n, 2n, 1n << 63n, 0n)],
  ["|b1", "bool", Uint8Array.of(1, 0, 1, 0)],
] as const)(".npy of %s", async (descr, type, data) => {
  for (const version of [1, 2, 3]) {
    const array = await readNpy(memoryFile("a.npy", npyBytes(descr, [2, 2], data, { version })));
    expect(array).toMatchObject({ dims: [2, 2], type });
    expect(await readElements(array, 0, 4)).toEqual(data);
    expect(await readElements(array, 1, 2)).toEqual(data.slice(1, 3));
  }
});

test.each([
  ["<f4", [2, 3], Float32Array.of(0, 3, 1, 4, 2, 5), Float32Array.of(0, 1, 2, 3, 4, 5)],
  ["|u1", [2, 1, 2, 2], Uint8Array.of(0, 4, 2, 6, 1, 5, 3, 7), range(8)],
  [">i2", [2, 2], Uint8Array.of(0, 0, 0, 2, 0, 1, 0, 3), Int16Array.of(0, 1, 2, 3)],
  ["<i8", [3], BigInt64Array.of(1n, 2n, 3n), BigInt64Array.of(1n, 2n, 3n)],
  ["<f4", [0, 2], new Float32Array(0), new Float32Array(0)],
] as const)("Fortran order is brought to C order: %s %j", async (descr, dims, stored, held) => {
  const array = await readNpy(memoryFile("a.npy", npyBytes(descr, dims, stored, { order: "True" })));
  expect(await readElements(array, 0, held.length)).toEqual(held);
});

test.each([
  ["<f4", "False", Float32Array.of(1, 2, 3, 4), Float32Array.of(1, 2, 3, 4)],
  [">i2", "False", Uint8Array.of(0, 1, 0, 2, 0, 3, 0, 4), Int16Array.of(1, 2, 3, 4)],
  ["<f4", "True", Float32Array.of(1, 3, 2, 4), Float32Array.of(1, 2, 3, 4)],
] as const)(
  "what a file gives is read as often as it is asked for, and stays: %s, Fortran order %s",
  async (descr, order, stored, held) => {
    const bytes = npyBytes(descr, [2, 2], stored, { order });
    const pool = Buffer.alloc(bytes.length + 64, 7);
    pool.set(bytes, 5);
    const views: Readonly<Record<string, Uint8Array>> = {
      "a Buffer within others": pool.subarray(5, 5 + bytes.length),
      "an array held in memory": bytes.slice(),
    };
    for (const [what, view] of Object.entries(views)) {
      const file = {
        path: "a.npy",
        size: view.length,
        read: async (start = 0, end = view.length) => view.subarray(start, end),
      };
      for (const time of ["first", "second"]) {
        const array = await readNpy(file);
        expect(await readElements(array, 0, 4), `${what}, the ${time} time`).toEqual(held);
        expect(await readElements(array, 2, 2), `${what}, the ${time} time`).toEqual(held.slice(2));
      }
      expect(Uint8Array.from(view), what).toEqual(bytes);
    }
  },
);

test("float16 is widened exactly", async () => {
  // np.float16([1, -2, 65504, 2 ** -24, 0.333251953125, inf, nan]).view("u2")
  const bits = Uint16Array.of(0x3c00, 0xc000, 0x7bff, 0x0001, 0x3555, 0x7c00, 0x7e00);
  const array = await readNpy(memoryFile("a.npy", npyBytes("<f2", [7], bits)));
  expect(await readElements(array, 0, 7)).toEqual(
    Float32Array.of(1, -2, 65504, 2 ** -24, 0.333251953125, Number.POSITIVE_INFINITY, Number.NaN),
  );
});

test("big-endian elements are turned round", async () => {
  const array = await readNpy(memoryFile("a.npy", npyBytes(">i4", [2], Uint8Array.of(0, 0, 1, 2, 255, 255, 255, 254))));
  expect(await readElements(array, 0, 2)).toEqual(Int32Array.of(258, -2));
});

test("a vector, a scalar and an empty array have their shapes", async () => {
  const shapeOf = async (dims: number[]) => (await readNpy(memoryFile("a", npyBytes("|u1", dims, range(5))))).dims;
  expect(await shapeOf([5])).toEqual([5]);
  expect(await shapeOf([])).toEqual([]);
  expect(await shapeOf([0, 3])).toEqual([0, 3]);
});

test.each([
  ['holds elements of type "<U3"', npyBytes("<U3", [1], new Uint8Array(12))],
  ['holds elements of type "<constructor"', npyBytes("<constructor", [1], new Uint8Array(8))],
  ['holds elements of type "<c8"', npyBytes("<c8", [1], new Uint8Array(8))],
  ["is cut short", npyBytes("<f4", [2, 2], new Float32Array(3))],
  ["is a damaged .npy", npyBytes("<f4", [2, 2], new Float32Array(4)).slice(0, 40)],
  ["is a damaged .npy", npyBytes("<f4", [1], new Float32Array(1)).slice(0, 7)],
])("a .npy file that %s is refused by name", async (message, bytes) => {
  await expect(readNpy(memoryFile("dir/a.npy", bytes))).rejects.toThrow(`dir/a.npy ${message}`);
});

test("IDX is read by ranges, or inflated from gzip", async () => {
  const bytes = idxBytes([4, 2, 3], range(24));
  const plain = memoryFile("images-idx3-ubyte", bytes);
  const array = await readIdx(plain);
  expect(array).toMatchObject({ dims: [4, 2, 3], type: "uint8" });
  expect(await readElements(array, 6, 6)).toEqual(range(24).slice(6, 12));
  expect(plain.reads.at(-1)).toEqual([22, 28]);

  const zipped = memoryFile("images-idx3-ubyte.gz", gzipSync(bytes));
  expect((await gunzipHead(zipped)).slice(0, 4)).toEqual(Uint8Array.of(0, 0, 8, 3));
  expect(await readElements(await readIdx((await gunzipFile(zipped)).file), 6, 6)).toEqual(range(24).slice(6, 12));
});

test("a damaged IDX file is refused by name", async () => {
  const bytes = idxBytes([4, 2, 3], range(24));
  await expect(readIdx(memoryFile("a.idx", bytes.slice(0, 30)))).rejects.toThrow("a.idx is cut short");
  await expect(readIdx(memoryFile("a.idx", bytes.slice(0, 9)))).rejects.toThrow("a.idx is cut short");
  const cut = gzipSync(bytes).slice(0, 25);
  await expect(gunzipFile(memoryFile("a.gz", cut))).rejects.toThrow("a.gz is a damaged gzip file");
});

test("integers pass between all integer types that hold them, and floats", () => {
  const types: DataType[] = ["int8", "uint8", "int16", "uint16", "int32", "uint32", "int64", "uint64", "float64"];
  const property = fc.property(fc.array(fc.nat(127)), (values) => {
    let elements = convertElements(Float32Array.from(values), "float32", "a");
    for (const type of types) {
      elements = convertElements(elements, type as "int8", "a");
      expect(Array.from(elements as Iterable<number | bigint>, Number)).toEqual(values);
    }
  });
  fc.assert(property, { numRuns: 20 });
});

test.each([
  [Float32Array.of(0.5), "int64", "a.npy holds 0.5, but the model's input takes int64"],
  [Float32Array.of(Number.NaN), "int32", "holds NaN"],
  [Int16Array.of(-1), "uint8", "holds -1"],
  [BigInt64Array.of(1n << 40n), "int32", "holds 1099511627776"],
  [Uint8Array.of(2), "bool", "holds 2"],
  [Float64Array.of(2 ** 63), "int64", "holds 9223372036854776000"],
  [Float32Array.of(2 ** 64), "uint64", "holds 18446744073709552000"],
  [BigUint64Array.of(2n ** 63n), "int64", "holds 9223372036854775808"],
] as const)("%o does not become %s", (values, type, message) => {
  expect(() => convertElements(values, type, "a.npy")).toThrow(message);
});

test("integers of 64 bits keep their ends", () => {
  const ends = BigInt64Array.of(-(2n ** 63n), 2n ** 63n - 1n);
  expect(convertElements(BigUint64Array.of(2n ** 63n - 1n), "int64", "a")).toEqual(ends.slice(1));
  expect(convertElements(Float64Array.of(-(2 ** 63)), "int64", "a")).toEqual(ends.slice(0, 1));
});
