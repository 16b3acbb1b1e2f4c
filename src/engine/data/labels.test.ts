import { expect, test } from "vitest";
import { readIdx } from "./idx.ts";
import { readLabels } from "./labels.ts";
import { readNpy } from "./npy.ts";
import { idxBytes, memoryFile, npyBytes } from "./testing/files.ts";
import { listOf } from "./testing/labels.ts";

const FILES = ["x/a.jpg", "x/b.jpg", "y/a.jpg"];
const listed = (sources: readonly string[]) => ({
  count: sources.length,
  sourceOf: (sample: number) => sources[sample]!,
});

async function fromTable(csv: string, sources = FILES) {
  const files = sources.map((path) => ({ path, count: 1 }));
  const read = await readLabels({ tables: [memoryFile("labels.csv", csv)], arrays: [] }, files, listed(sources));
  return { ...read, labels: listOf(read.labels) };
}

test.each([
  ["a header, in any order", "label,note,file\n3,,x/b.jpg\n"],
  ["no header", "x/b.jpg,3\n"],
  ["another header", "image,class\r\nx/b.jpg,3\r\n"],
  ["the base name", "b.jpg,3"],
  ["another folder", "val/b.jpg , 3"],
  ["a byte order mark, quotes and blank lines", '\ufefffile,label\n\n"x/b.jpg","3"\n\n'],
])("a table with %s", async (_, csv) => {
  const { labels, notices } = await fromTable(csv);
  expect(labels).toEqual([null, 3, null]);
  expect(notices).toEqual([{ kind: "info", subject: "x/a.jpg", message: "2 of 3 samples have no label." }]);
});

test("files of one base name are told apart by their folder", async () => {
  expect((await fromTable("x/a.jpg,1\nb.jpg,2\ndata/y/a.jpg,0")).labels).toEqual([1, 2, 0]);
  await expect(fromTable("b.jpg,2\na.jpg,1")).rejects.toThrow('labels.csv, line 2: "a.jpg" is the name of 2 files');
});

test("files that are not there are counted", async () => {
  const { labels, notices } = await fromTable("file,label\nx/a.jpg,1\nx/b.jpg,1\ny/a.jpg,1\nc.jpg,1\nd.jpg,1");
  expect(labels).toEqual([1, 1, 1]);
  expect(notices).toMatchObject([{ message: "2 of its files are not among the data, such as c.jpg." }]);
});

test("labels that belong to no sample come to none", async () => {
  const { labels, notices } = await fromTable("file,label\nc.jpg,1");
  expect(labels).toBeNull();
  expect(notices).toContainEqual({
    kind: "warning",
    subject: "labels.csv",
    message: "None of its labels belongs to the data.",
  });
});

test.each([
  ["file,label\nx/a.jpg,tench", 'labels.csv, line 2: "tench" is no class index'],
  ["x/a.jpg,1\n\nx/b.jpg,-1", 'labels.csv, line 3: "-1" is no class index'],
  ["x/a.jpg,1\nx/b.jpg,1.5", "line 2"],
  ["x/a.jpg,1\nx/b.jpg", "labels.csv, line 2: a file or a label is missing"],
  ["x/a.jpg,1\nx/a.jpg,2", 'labels.csv, line 2: "x/a.jpg" has the label 1 already'],
  ['x/a.jpg,"1', "a quote is not closed"],
  ["\n", "labels.csv is empty"],
])("%j is refused with its line", async (csv, message) => {
  await expect(fromTable(csv)).rejects.toThrow(message);
});

const vector = (path: string, values: readonly number[]) =>
  readIdx(memoryFile(path, idxBytes([values.length], Uint8Array.from(values))));

async function fromVectors(
  paths: Readonly<Record<string, readonly number[]>>,
  files: { path: string; count: number }[],
) {
  const arrays = await Promise.all(Object.entries(paths).map(([path, values]) => vector(path, values)));
  const sources = files.flatMap(({ path, count }) => Array.from({ length: count }, (_, i) => `${path}[${i}]`));
  return listOf((await readLabels({ tables: [], arrays }, files, listed(sources))).labels);
}

test("IDX labels follow their images by name, else by count", async () => {
  const test2 = { path: "t10k-images-idx3-ubyte.gz", count: 2 };
  const train2 = { path: "train-images-idx3-ubyte", count: 2 };
  const named = { "train-labels-idx1-ubyte.gz": [1, 2], "t10k-labels-idx1-ubyte.gz": [3, 4] };
  expect(await fromVectors(named, [test2, train2])).toEqual([3, 4, 1, 2]);
  expect(await fromVectors({ "labels.idx": [7, 8, 9] }, [test2, { path: "other", count: 3 }])).toEqual([
    null,
    null,
    7,
    8,
    9,
  ]);
  expect(await fromVectors({ "labels.idx": [7, 8, 9, 1] }, [test2, train2])).toEqual([7, 8, 9, 1]);
});

test("labels whose count fits nothing are refused", async () => {
  const files = [
    { path: "a-images-idx3-ubyte", count: 2 },
    { path: "b-images-idx3-ubyte", count: 2 },
  ];
  await expect(fromVectors({ "labels.idx": [1, 2, 3] }, files)).rejects.toThrow(
    "labels.idx holds 3 labels, which fit none of the data (4 samples in all)",
  );
  await expect(fromVectors({ "labels.idx": [1, 2] }, files)).rejects.toThrow("which fit several files");
  await expect(fromVectors({ "a-labels-idx1-ubyte": [1, 2, 3] }, files)).rejects.toThrow(
    "a-labels-idx1-ubyte holds 3 labels for the 2 samples of a-images-idx3-ubyte",
  );
});

test("a negative label in a vector is refused with its index", async () => {
  const array = await readNpy(memoryFile("labels.npy", npyBytes("<i8", [2], BigInt64Array.of(0n, -1n))));
  await expect(
    readLabels({ tables: [], arrays: [array] }, [{ path: "a.npy", count: 2 }], listed(["a", "b"])),
  ).rejects.toThrow("labels.npy: label -1 at index 1 is no class index");
});
