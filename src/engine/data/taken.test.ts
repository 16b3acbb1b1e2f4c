import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import fc from "fast-check";
import { expect, test } from "vitest";
import { nodeDecoders as decoders } from "../../../cli/decoders.ts";
import type { DataFile } from "../model/dataset.ts";
import { openDataset } from "./dataset.ts";
import { memoryFile, npyBytes, npzBytes, zipBytes } from "./testing/files.ts";
import { listOf } from "./testing/labels.ts";
import { sourcesOf } from "./testing/sources.ts";

const x = { name: "x", type: "float32", dims: [1, 2] } as const;

function open(files: readonly DataFile[], seed: number | null) {
  return openDataset(files, { inputs: { open: [x], held: [] }, preprocess: null, decoders, seed });
}

const row = (value: number) => npyBytes("<f4", [1, 2], Float32Array.of(value, -value));
const ROWS = 8;
const rows = npyBytes(
  "<f4",
  [ROWS, 2],
  Float32Array.from({ length: 2 * ROWS }, (_, i) => i),
);
const CLASSES: Readonly<Record<string, Uint8Array>> = Object.fromEntries(
  ["cat", "dog", "owl"].flatMap((name, c) => [0, 1, 2, 3].map((i) => [`${name}/${i}.npy`, row(10 * c + i)] as const)),
);
const folder = (root: string) => Object.entries(CLASSES).map(([path, bytes]) => memoryFile(`${root}/${path}`, bytes));

async function taken(files: readonly DataFile[], seed: number | null) {
  const dataset = await open(files, seed);
  const all = Array.from({ length: dataset.length }, (_, index) => index);
  const samples = await Promise.all(all.map((index) => dataset.get(index)));
  const prints = await Promise.all(all.map((index) => dataset.print(index)));
  return { dataset, prints, values: samples.map(({ feeds }) => feeds.get("x")!.data[0]), samples };
}

test("samples, sources and labels go together in any order, and the order by path is that of before", async () => {
  const labels = memoryFile("labels.csv", ["rows.npy[1],1", "rows.npy[6],6"].join("\n"));
  const files = [memoryFile("rows.npy", rows), labels];
  const byPath = await taken(files, null);
  expect(byPath.values).toEqual(Array.from({ length: ROWS }, (_, i) => 2 * i));
  const { dataset, samples, values } = await taken(files, 5);
  expect(values).not.toEqual(byPath.values);
  expect(values.toSorted((a, b) => Number(a) - Number(b))).toEqual(byPath.values);
  expect(samples.map(({ source }) => source)).toEqual(sourcesOf(dataset));
  expect(sourcesOf(dataset)).toEqual(values.map((value) => `rows.npy[${Number(value) / 2}]`));
  expect(listOf(dataset.labels)).toEqual(values.map((value) => (value === 2 ? 1 : value === 12 ? 6 : null)));
  const again = dataset.withSeed(null).withPreprocess(null);
  expect([again.seed, sourcesOf(again)]).toEqual([null, sourcesOf(byPath.dataset)]);
  expect(listOf(again.withSeed(5).labels)).toEqual(listOf(dataset.labels));
});

test("the order in which files are listed, and the folder or archive that holds them, change nothing", async () => {
  const { values, prints, dataset } = await taken(folder("train"), 0);
  expect(dataset.folders).toBe(3);
  await fc.assert(
    fc.asyncProperty(fc.shuffledSubarray(folder("train"), { minLength: 12 }), async (files) => {
      expect((await taken(files, 0)).values).toEqual(values);
    }),
    { numRuns: 20 },
  );
  expect(await taken(folder("other/place"), 0)).toMatchObject({ values, prints });
  expect(await taken([memoryFile("photos.zip", zipBytes(CLASSES, 6))], 0)).toMatchObject({ values, prints });
  expect((await taken(folder("train"), 1)).values).not.toEqual(values);
});

test("a print is a sample's, wherever it lies", async () => {
  const { prints } = await taken([memoryFile("rows.npy", rows)], null);
  expect(new Set(prints).size).toBe(ROWS);
  for (const print of prints) expect(print).toMatch(/^[A-Za-z0-9+/]{8}$/);
  const packed = await taken([memoryFile("d.npz", npzBytes({ x: rows }, 6))], null);
  expect(packed.prints).toEqual(prints);
  const shuffled = await taken([memoryFile("else.npy", rows)], 3);
  expect(shuffled.prints.toSorted()).toEqual(prints.toSorted());
  expect(shuffled.prints).not.toEqual(prints);
  const single = await taken([memoryFile("one.npy", npyBytes("<f4", [1, 2], Float32Array.of(2, 3)))], 0);
  expect(single.prints).toEqual([prints[1]]);
});

test("lines of JSON and rows of several inputs have prints of all that they hold", async () => {
  const lines = memoryFile("a.jsonl", '{"x": [1, 2]}\n{"x": [1, 3]}\n{"x": [1, 2]}');
  const [first, second, third] = (await taken([lines], null)).prints;
  expect([first === third, first === second]).toEqual([true, false]);
  const y = { ...x, name: "y" };
  const two = (last: number) =>
    npzBytes({
      x: npyBytes("<f4", [2, 2], Float32Array.of(1, 2, 1, 2)),
      y: npyBytes("<f4", [2, 2], Float32Array.of(5, 6, 5, last)),
    });
  const of = async (last: number) => {
    const inputs = { open: [x, y], held: [] };
    const data = await openDataset([memoryFile("d.npz", two(last))], { inputs, preprocess: null, decoders });
    return [await data.print(0), await data.print(1)];
  };
  const [a, b] = await of(7);
  expect(a).not.toBe(b);
  expect(await of(6)).toEqual([a, a]);
});

test("rows that are put together for a fixed batch are shuffled, with their labels, and each has a print", async () => {
  const files = [memoryFile("rows.npy", rows), memoryFile("labels.csv", "rows.npy[1],1\nrows.npy[6],6")];
  const inputs = { open: [{ ...x, dims: [3, 2] }], held: [] };
  const dataset = await openDataset(files, { inputs, preprocess: null, decoders, seed: 5 });
  const single = await taken(files, 5);
  for (const index of [0, 1]) {
    const at = [0, 1, 2].map((row) => 3 * index + row);
    const { feeds } = await dataset.get(index);
    expect([...feeds.get("x")!.data]).toEqual(at.flatMap((row) => [...single.samples[row]!.feeds.get("x")!.data]));
    expect(dataset.labels!.at(index)).toEqual(at.map((row) => single.dataset.labels!.at(row)));
    expect(await dataset.print(index)).toBe(at.map((row) => single.prints[row]).join(""));
    expect(dataset.sourceOf(index)).toBe(`${single.dataset.sourceOf(3 * index)} and 2 others`);
  }
  expect(dataset.length).toBe(2);
});

test("where one input alone is put together, whole batches are shuffled", async () => {
  const y = { ...x, name: "y" };
  const inputs = { open: [{ ...x, dims: [2, 2] }, y], held: [] };
  const named = (name: string, count: number) =>
    memoryFile(
      `${name}.npy`,
      npyBytes(
        "<f4",
        [count, 2],
        Float32Array.from({ length: 2 * count }, (_, i) => i),
      ),
    );
  const dataset = await openDataset([named("x", 12), named("y", 6)], { inputs, preprocess: null, decoders, seed: 5 });
  const firsts = await Promise.all(
    Array.from({ length: 6 }, async (_, index) => {
      const { feeds } = await dataset.get(index);
      return ["x", "y"].map((name) => Number(feeds.get(name)!.data[0]) / (name === "x" ? 4 : 2));
    }),
  );
  for (const [a, b] of firsts) expect(a).toBe(b);
  expect(firsts.map(([a]) => a)).not.toEqual([0, 1, 2, 3, 4, 5]);
  expect(firsts.map(([a]) => a).toSorted()).toEqual([0, 1, 2, 3, 4, 5]);
});

/** Bytes that are worked out as they are read. */
function worked(path: string, header: Uint8Array, size: number, byteAt: (at: number) => number): DataFile {
  return {
    path,
    size: header.length + size,
    read: async (start = 0, end = header.length + size) =>
      Uint8Array.from({ length: end - start }, (_, i) => header[start + i] ?? byteAt(start + i - header.length)),
  };
}

const MANY = 3_000_000;
const manyRows = worked("many.npy", npyBytes("|u1", [MANY, 2], new Uint8Array(0)), 2 * MANY, (at) => at % 251);

setFlagsFromString("--expose-gc");
const collectGarbage = runInNewContext("gc") as () => void;

/** Of typed arrays, those among them that are freed later, and of all else. */
function heldBytes() {
  collectGarbage();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return { heapUsed, arrayBuffers };
}

test.each<[string, DataFile[]]>([
  ["8 bytes a row are kept at most", []],
  [
    "and labels in .npy 12 bytes a row are kept at most",
    [worked("labels.npy", npyBytes("<i8", [MANY], new BigInt64Array(0)), 8 * MANY, (at) => (at % 8 === 0 ? 7 : 0))],
  ],
  [
    "and labels in IDX 12 bytes a row are kept at most",
    [worked("many-labels-idx1-ubyte", Uint8Array.of(0, 0, 8, 1, ...big(MANY)), MANY, () => 7)],
  ],
])("of millions of rows %s", async (_, labels) => {
  const before = heldBytes();
  const dataset = await open([manyRows, ...labels], 0);
  const { heapUsed, arrayBuffers } = heldBytes();
  expect(heapUsed - before.heapUsed).toBeLessThan(5e6);
  expect(arrayBuffers - before.arrayBuffers).toBeLessThan((8 + 4 * labels.length) * MANY + 5e6);
  expect((await dataset.get(123)).source).toMatch(/^many\.npy\[\d+\]$/);
  expect(dataset.labels?.at(MANY - 1)).toBe(labels.length === 0 ? undefined : 7);
});

test("of a table of labels a megabyte is in memory at a time, and neither its rows nor names of samples", async () => {
  const rows = 200_000;
  const text = new TextEncoder().encode(
    `file,label\n${Array.from({ length: rows }, (_, row) => `many.npy[${row}],${row % 10}\n`).join("")}`,
  );
  const held: number[] = [];
  const table: DataFile = {
    path: "labels.csv",
    size: text.length,
    async read(start = 0, end = text.length) {
      const { heapUsed, arrayBuffers } = heldBytes();
      held.push(heapUsed + arrayBuffers);
      expect(end - start).toBeLessThanOrEqual(2 ** 20);
      return text.slice(start, end);
    },
  };
  const few = worked("many.npy", npyBytes("|u1", [rows, 2], new Uint8Array(0)), 2 * rows, (at) => at % 251);
  const dataset = await open([few, table], null);
  expect(held.length).toBeGreaterThan(3);
  expect(Math.max(...held) - held[0]!).toBeLessThan(20e6);
  expect([0, 17, rows - 1].map((index) => dataset.labels?.at(index))).toEqual([0, 7, 9]);
});

function big(value: number): Uint8Array {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, value);
  return bytes;
}
