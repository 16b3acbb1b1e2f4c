import fc from "fast-check";
import { expect, test } from "vitest";
import { classFolders } from "./folders.ts";
import { sampleOrder } from "./order.ts";
import { randomBelow, xoshiro128 } from "./random.ts";

test("random numbers are those of xoshiro128**, as its reference has them", () => {
  const next = xoshiro128([1, 2, 3, 4]);
  expect(Array.from({ length: 8 }, next)).toEqual([
    11520, 0, 5927040, 70819200, 2031721883, 1637235492, 1287239034, 3734860849,
  ]);
});

test("a shuffle is the same everywhere, and another seed gives another", () => {
  const ten = [{ path: "x.npy", count: 10 }];
  expect([...sampleOrder(ten, 0)]).toEqual([3, 6, 1, 5, 0, 4, 2, 9, 7, 8]);
  expect([...sampleOrder(ten, 1)]).not.toEqual([...sampleOrder(ten, 0)]);
  expect(sampleOrder([], 0)).toHaveLength(0);
});

test("numbers below a bound are below it, and all are met", () => {
  const below = randomBelow(7);
  const met = new Set(Array.from({ length: 200 }, () => below(6)));
  expect([...met].sort()).toEqual([0, 1, 2, 3, 4, 5]);
});

const CLASSES = fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 2, maxLength: 6 });
const pathsOf = (counts: readonly number[], root: string) =>
  counts.flatMap((count, c) => Array.from({ length: count }, (_, i) => `${root}/class ${c}/${100 + i}.jpg`));
const filesOf = (paths: readonly string[]) => paths.map((path) => ({ path, count: 1 }));

test("every sample comes once, and a prefix holds as many of each class folder, one more or less, while all last", () => {
  fc.assert(
    fc.property(CLASSES, fc.nat(), (counts, seed) => {
      const paths = pathsOf(counts, "train");
      const folders = classFolders(paths);
      const order = sampleOrder(filesOf(paths), seed);
      expect([...order].sort((a, b) => a - b)).toEqual(paths.map((_, i) => i));
      const seen = new Map(folders.map((folder) => [folder, 0]));
      const whole = Math.min(...counts) * counts.length;
      for (const [taken, index] of order.entries()) {
        seen.set(folders[index]!, seen.get(folders[index]!)! + 1);
        const held = [...seen.values()];
        if (taken < whole) expect(Math.max(...held) - Math.min(...held)).toBeLessThanOrEqual(1);
      }
    }),
  );
});

test("the name and the depth of the folder that holds all changes nothing", () => {
  fc.assert(
    fc.property(CLASSES, fc.nat(), (counts, seed) => {
      const here = sampleOrder(filesOf(pathsOf(counts, "train")), seed);
      expect(sampleOrder(filesOf(pathsOf(counts, "elsewhere/photos.zip/data")), seed)).toEqual(here);
    }),
  );
});

test("files of several samples are shuffled sample by sample", () => {
  const files = [
    { path: "in/a/x.npy", count: 3 },
    { path: "in/a/y.npy", count: 2 },
    { path: "in/b/z.npy", count: 5 },
  ];
  const order = [...sampleOrder(files, 3)];
  expect(order.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 10 }, (_, i) => i));
  for (let pair = 0; pair < 10; pair += 2) {
    expect(
      order
        .slice(pair, pair + 2)
        .map((sample) => (sample < 5 ? "a" : "b"))
        .sort(),
    ).toEqual(["a", "b"]);
  }
});

test.each<[string, readonly string[], readonly (string | null)[]]>([
  ["the first below what all share", ["in/cat/1.jpg", "in/dog/2.jpg"], ["cat", "dog"]],
  ["with deeper ones in it", ["in/cat/a/1.jpg", "in/cat/2.jpg", "in/dog/b/3.jpg"], ["cat", "cat", "dog"]],
  ["below a split", ["in/train/cat/1.jpg", "in/val/cat/2.jpg", "in/val/dog/3.jpg"], ["cat", "cat", "dog"]],
  ["but a class may be called like one", ["in/train/1.jpg", "in/car/2.jpg"], ["train", "car"]],
  ["of two sources", ["train/cat/1.jpg", "val/dog/2.jpg"], ["cat", "dog"]],
  ["none where all lie in one", ["in/cat/1.jpg", "in/cat/2.jpg"], [null, null]],
  ["none for what lies above", ["in/cat/1.jpg", "in/2.jpg"], ["cat", null]],
  ["none below a split without", ["in/train/1.jpg", "in/val/2.jpg"], [null, null]],
  ["and none of one file", ["cat/1.jpg"], [null]],
])("the class folder is %s", (_, paths, folders) => {
  expect(classFolders(paths)).toEqual(folders);
});
