import { expect, test } from "vitest";
import { nodeDecoders as decoders } from "../../../cli/decoders.ts";
import type { DataFile } from "../model/dataset.ts";
import { type ClassList, classLists } from "./classLists.ts";
import { openDataset } from "./dataset.ts";
import { folderLabels } from "./folderLabels.ts";
import { memoryFile, npyBytes, npzBytes, zipBytes } from "./testing/files.ts";
import { listOf } from "./testing/labels.ts";
import pillow from "./testing/pillow.json" with { type: "json" };

const alone = (...paths: string[]) => paths.map((path) => ({ path, count: 1 }));
const inFolders = (...folders: string[]) => alone(...folders.map((folder, i) => `train/${folder}/${i}.jpg`));
const list = (path: string, ...names: string[]): ClassList => ({ path, names });
const saying = (message: string) => [{ kind: expect.any(String), subject: expect.any(String), message }];

function labelled(...given: Parameters<typeof folderLabels>) {
  const { labels, notices } = folderLabels(...given);
  return { labels: listOf(labels), notices };
}

test("folders are numbered in the order of their names, as torchvision has it, and named", () => {
  expect(labelled(inFolders("owl", "cat", "dog", "cat"), [], 3)).toEqual({
    labels: [2, 0, 1, 0],
    notices: saying("3 classes by folder, numbered in the order of their names: cat, dog, owl."),
  });
  expect(labelled(inFolders("cat", "cat-2", "Zebra", "\u{1f600}", "\uff5e"), [], 5).labels).toEqual([1, 2, 0, 4, 3]);
  const many = inFolders(...Array.from({ length: 12 }, (_, i) => String.fromCharCode(97 + i)));
  expect(labelled(many, [], 12).notices[0]!.message).toMatch(/: a, b, c, d, e, f, g, h, i, j and 2 more\.$/);
  expect(labelled(alone("in/train/cat/1.png", "in/val/cat/2.png", "in/val/dog/3.png"), [], 2).labels).toEqual([
    0, 0, 1,
  ]);
});

test("names that are all numbers are the classes' own", () => {
  expect(labelled(inFolders("10", "2", "007"), [], 1000)).toEqual({
    labels: [10, 2, 7],
    notices: saying("3 classes by folder, whose names are their numbers: 2, 007, 10."),
  });
  expect(labelled(inFolders("1", "one"), [], 2).labels).toEqual([0, 1]);
  expect(labelled(inFolders("3", "4"), [], null).labels).toEqual([3, 4]);
  expect(labelled(inFolders("2021", "2022"), [], 1000)).toEqual({
    labels: null,
    notices: saying(
      'The folder "2021" would be class 2021 of a model that has 1,000 classes, so that folders give no labels; name the folders by the numbers of their classes, or give a list of all class names (classes.txt), or labels as .csv.',
    ),
  });
});

test("names that are in a list are the classes of that place", () => {
  const synsets = list("synset.txt", "n01440764 tench, Tinca tinca", "n01443537 goldfish", "n01484850 white shark");
  expect(labelled(inFolders("n01484850", "n01440764"), [synsets], 1000)).toEqual({
    labels: [2, 0],
    notices: saying("2 classes by folder, numbered as in synset.txt: n01440764, n01484850."),
  });
  const words = list("classes.txt", "tench", "white shark", "crane", "crane");
  expect(labelled(inFolders("white_shark", "tench"), [words], null).labels).toEqual([1, 0]);
  expect(labelled(inFolders("white shark", "tench"), [words, synsets], null).labels).toEqual([1, 0]);
});

test.each<[string, string[], ClassList[], number | null, RegExp]>([
  [
    "another number of classes",
    ["cat", "dog"],
    [],
    1000,
    /^The samples lie in 2 folders \(cat, dog\), and the model has 1,000 classes: which folder is which class is not known, .*classes\.txt/,
  ],
  ["a number that is not known", ["cat", "dog"], [], null, /and the model does not say how many classes it has/],
  [
    "a name that is not in the list",
    ["cat", "dog"],
    [list("c.txt", "dog", "owl")],
    2,
    /^The folder "cat" is not among the 2 names of c\.txt/,
  ],
  [
    "a name that the list has twice",
    ["cat", "dog"],
    [list("c.txt", "cat", "cat", "dog")],
    3,
    /"cat" is not among .* or is there twice/,
  ],
  [
    "a list that is longer than the model's",
    ["cat", "dog"],
    [list("c.txt", "owl", "cat", "dog")],
    2,
    /^The folder "dog" would be class 2 of a model that has 2 classes/,
  ],
  [
    "lists that differ",
    ["cat", "dog"],
    [list("c.txt", "cat", "dog"), list("d.txt", "dog", "cat")],
    2,
    /^c\.txt and d\.txt number the folders otherwise/,
  ],
])("folders give no labels where there is %s, which is said", (_, folders, lists, classes, message) => {
  const { labels, notices } = labelled(inFolders(...folders), lists, classes);
  expect([labels, notices]).toEqual([null, [expect.objectContaining({ kind: "warning" })]]);
  expect(notices[0]!.message).toMatch(message);
});

test("nothing is said of a model without scores, nor of files that lie in one folder or beside others", () => {
  const nothing = { labels: null, notices: [] };
  expect(labelled(inFolders("cat", "dog"), [], 0)).toEqual(nothing);
  expect(labelled(inFolders("cat", "cat"), [], 1)).toEqual(nothing);
  expect(labelled(alone("in/1.jpg", "in/cat/2.jpg"), [], 1)).toEqual(nothing);
  expect(labelled([], [], 1)).toEqual(nothing);
});

test("labels.txt is a table or a list by what it holds, and other names of lists are lists", async () => {
  const of = async (name: string, text: string, isList = false) => {
    const files = [memoryFile(name, text)];
    const { tables, lists } = await classLists({ tables: isList ? [] : files, arrays: [], lists: isList ? files : [] });
    return tables.length > 0 ? "table" : lists[0]!.names;
  };
  expect(await of("labels.txt", "cat\r\ndog, small\n\n")).toEqual(["cat", "dog, small"]);
  expect(await of("labels.txt", "file,label\nx,tench")).toBe("table");
  expect(await of("labels.txt", "x/a,3")).toBe("table");
  expect(await of("labels.txt", "a.jpg 3")).toBe("table");
  expect(await of("labels.txt", "")).toBe("table");
  expect(await of("labels.csv", "cat\ndog")).toBe("table");
  expect(await of("classes.txt", "a,1", true)).toEqual(["a,1"]);
});

const picture = new Uint8Array(Buffer.from(Object.values(pillow.images)[0]!.file, "base64"));
const port = { name: "x", type: "float32", dims: [1, 3, 4, 4] } as const;
const open = (files: readonly DataFile[], classes: number | null, labels?: DataFile) =>
  openDataset(files, {
    inputs: { open: [port], held: [], classes },
    preprocess: "unit",
    decoders,
    ...(labels && { labels }),
  });
const photos = { "cat/1.jpg": picture, "cat/2.jpg": picture, "dog/1.jpg": picture };

test("pictures of a folder or a zip archive are labelled by it, by a list that is given, and by labels before all", async () => {
  const files = Object.entries(photos).map(([path, bytes]) => memoryFile(`train/${path}`, bytes));
  const zip = memoryFile("data.zip", zipBytes({ ...photos, "classes.txt": new TextEncoder().encode("owl\ndog\ncat") }));
  const byName = await open(files, 2);
  expect([listOf(byName.labels), byName.notices.map(({ message }) => message)]).toEqual([
    [0, 0, 1],
    ["2 classes by folder, numbered in the order of their names: cat, dog."],
  ]);
  const zipped = await open([zip], 3);
  expect([listOf(zipped.labels), zipped.folders]).toEqual([[2, 2, 1], 2]);
  const given = memoryFile("names/labels.txt", "dog\ncat");
  expect(listOf((await open(files, 2, given)).labels)).toEqual([1, 1, 0]);
  const table = memoryFile("train/labels.csv", "cat/1.jpg,5");
  expect(listOf((await open([...files, table], 2)).labels)).toEqual([5, null, null]);
  const unused = await open([...files.slice(0, 2), memoryFile("train/classes.txt", "cat")], 2);
  expect([unused.labels, unused.notices.at(-1)?.message]).toEqual([
    null,
    "Ignored files that are no data: train/classes.txt.",
  ]);
});

test("every sample of a file has the label of its folder", () => {
  const files = [
    { path: "in/cat/a.npy", count: 3 },
    { path: "in/dog/b.npy", count: 0 },
    { path: "in/dog/c.npy", count: 2 },
  ];
  expect(labelled(files, [], 2).labels).toEqual([0, 0, 0, 1, 1]);
});

/** So many samples, of one value. */
const rows = (count: number, value: number) =>
  npyBytes("<f4", [count, 3, 4, 4], new Float32Array(count * 48).fill(value));
const lines = (count: number) =>
  new TextEncoder().encode(`${JSON.stringify({ x: Array(48).fill(1) })}\n`.repeat(count));
const reshaped = { ...port, dims: [1, 48] } as const;

test.each<[string, Readonly<Record<string, Uint8Array>>]>([
  [".npy", { "cat/1.npy": rows(2, 1), "dog/1.npy": rows(1, 2), "dog/2.npy": rows(1, 3) }],
  [
    ".npz",
    {
      "cat/1.npz": npzBytes({ x: rows(2, 1) }),
      "dog/1.npz": npzBytes({ x: rows(1, 2) }),
      "dog/2.npz": npzBytes({ x: rows(1, 3) }),
    },
  ],
  [".jsonl", { "cat/1.jsonl": lines(2), "dog/1.jsonl": lines(2) }],
])("arrays in class folders are labelled by them, as pictures are: %s", async (kind, files) => {
  const inputs = { open: [kind === ".jsonl" ? reshaped : port], held: [], classes: 2 };
  const loose = Object.entries(files).map(([path, bytes]) => memoryFile(`train/${path}`, bytes));
  const archive = [memoryFile("data.zip", zipBytes(files))];
  for (const given of [loose, archive]) {
    const { labels, notices, classNames } = await openDataset(given, { inputs, preprocess: null, decoders });
    expect(listOf(labels)).toEqual([0, 0, 1, 1]);
    expect([...classNames]).toEqual([
      [0, "cat"],
      [1, "dog"],
    ]);
    expect(notices.map(({ message }) => message)).toContain(
      "2 classes by folder, numbered in the order of their names: cat, dog.",
    );
  }
  const list = memoryFile("train/classes.txt", "dog\ncat");
  const listed = await openDataset([...loose, list], { inputs, preprocess: null, decoders });
  expect(listOf(listed.labels)).toEqual([1, 1, 0, 0]);
});

test("labels by folder go with samples in any order, in batches, and give way to labels that are given", async () => {
  const files = [memoryFile("in/0/a.npy", rows(4, 0)), memoryFile("in/1/b.npy", rows(4, 1))];
  const inputs = { open: [port], held: [], classes: 2 };
  const shuffled = await openDataset(files, { inputs, preprocess: null, decoders, seed: 7 });
  for (const [i, label] of listOf(shuffled.labels)!.entries()) {
    expect((await shuffled.get(i)).feeds.get("x")!.data[0]).toBe(label);
  }
  const batches = { ...inputs, open: [{ ...port, dims: [2, 3, 4, 4] }] };
  const batched = await openDataset(files, { inputs: batches, preprocess: null, decoders });
  expect(listOf(batched.labels)).toEqual([
    [0, 0],
    [0, 0],
    [1, 1],
    [1, 1],
  ]);
  const labels = memoryFile("in/labels.npy", npyBytes("|u1", [8], Uint8Array.from([1, 1, 1, 1, 0, 0, 0, 0])));
  const given = await openDataset([...files, labels], { inputs, preprocess: null, decoders });
  expect(listOf(given.labels)).toEqual([1, 1, 1, 1, 0, 0, 0, 0]);
});

test("an array in no class folder, or each input's in a folder of its own, gives no labels and no notice", async () => {
  const two = { open: [port, { ...port, name: "y" }], held: [], classes: 2 };
  const apart = [
    { ...memoryFile("in/x/a.npy", rows(2, 1)), input: "x" },
    { ...memoryFile("in/y/a.npy", rows(2, 1)), input: "y" },
  ];
  for (const files of [apart, [memoryFile("in/both.npz", npzBytes({ x: rows(2, 1), y: rows(2, 2) }))]]) {
    const { labels, notices } = await openDataset(files, { inputs: two, preprocess: null, decoders });
    expect(labels).toBeNull();
    expect(notices.map(({ message }) => message).join()).not.toMatch(/folder/);
  }
});

test("more than one file of labels is told, and two that differ are refused", async () => {
  const rows = memoryFile("x.npy", npyBytes("<f4", [2, 3, 4, 4], new Float32Array(96)));
  const csv = (name: string, text: string) => memoryFile(name, text);
  const two = await open([rows, csv("a.csv", "x.npy[0],1"), csv("b.csv", "x.npy[1],2")], null);
  expect(listOf(two.labels)).toEqual([1, 2]);
  expect(two.notices.map(({ message }) => message)).toContain("Labels come from 2 files: a.csv, b.csv.");
  const one = await open([rows, csv("a.csv", "x.npy[0],1\nx.npy[1],2")], null);
  expect(one.notices.map(({ message }) => message).join()).not.toMatch(/Labels come from/);
  const array = (name: string, ...values: number[]) => memoryFile(name, npyBytes("|u1", [2], Uint8Array.from(values)));
  const same = await open([rows, array("labels.npy", 1, 2), array("my-labels.npy", 1, 2)], null);
  expect(same.notices.map(({ message }) => message)).toContain("Labels come from 2 files: labels.npy, my-labels.npy.");
  await expect(open([rows, array("labels.npy", 1, 2), array("my-labels.npy", 1, 3)], null)).rejects.toThrow(
    "my-labels.npy: the sample at index 1 has the label 2 already, not 3; leave one of the two files out.",
  );
});
