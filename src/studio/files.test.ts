import { expect, test } from "vitest";
import { filesFor, isDocument, isReport, mergeFiles, onlyLabels, samplesAmong, sortFiles } from "./files.ts";

const named = (...paths: string[]) => paths.map((path) => ({ path, file: new File([path], path) }));

test("a mixed drop is told apart by name", () => {
  const sorted = sortFiles(
    named(
      "net.ONNX",
      "net.recipe.json",
      "a/net.calibration.json",
      "photos/1.jpg",
      "labels.csv",
      "c.jsonl",
      "all.zip",
      "w/net.onnx.data",
    ),
  );
  expect(sorted.models.map((file) => file.path)).toEqual(["net.ONNX"]);
  expect(sorted.documents.map((file) => file.path)).toEqual(["net.recipe.json", "a/net.calibration.json"]);
  expect(sorted.data.map((file) => file.path)).toEqual(["photos/1.jpg", "labels.csv", "c.jsonl", "all.zip"]);
  expect(sorted.beside.map((file) => file.path)).toEqual(["w/net.onnx.data"]);
});

test("what of a result nobody opens is no data and no weights", () => {
  const rest = [
    "net.report.json",
    "net.report.json.sig",
    "net.report.html",
    "net.trt.cache",
    "net.ort-ranges.json",
    "a.pem",
  ];
  expect(sortFiles(named(...rest))).toEqual({ models: [], beside: [], documents: [], data: [] });
  expect(sortFiles(named("net.onnx", ...rest)).beside).toEqual([]);
});

test("an encrypted file is what it is without .age", () => {
  const rest = [
    "net.report.json.age",
    "net.report.json.age.sig",
    "net.report.html.age",
    "net.trt.cache.age",
    "net.ort-ranges.json.age",
  ];
  const documents = named("net.recipe.json.age", "a/net.calibration.json.age");
  expect(sortFiles([...documents, ...named(...rest)])).toEqual({ models: [], beside: [], documents, data: [] });
  expect([isReport(rest[0]!), isReport(rest[1]!), isDocument("net.recipe.json.age"), isDocument("photo.age")]).toEqual([
    true,
    false,
    true,
    false,
  ]);
});

test("samples of every kind come with a model, and what numbers their folders", () => {
  const paths = ["a.zip", "b.npz", "c.jsonl", "d.ndjson", "classes.txt", "names/synsets.txt", "labels.txt"];
  const { data, beside } = sortFiles(named("net.onnx", ...paths, "notes.txt"));
  expect(data.map((file) => file.path)).toEqual(paths);
  expect(beside.map((file) => file.path)).toEqual(["notes.txt"]);
});

test("without a model nothing is taken for its weights", () => {
  const { beside, data } = sortFiles(named("train-images", "labels.csv"));
  expect(beside).toEqual([]);
  expect(data).toHaveLength(2);
});

test("labels alone belong to the data already there", () => {
  expect(onlyLabels(named("labels.csv"))).toBe(true);
  expect(onlyLabels(named("imagenet_classes.txt"))).toBe(true);
  expect(onlyLabels(named("t10k-labels-idx1-ubyte.gz"))).toBe(true);
  expect(onlyLabels(named("labels.csv", "1.png"))).toBe(false);
  expect(onlyLabels([])).toBe(false);
});

test("merging keeps one file a path, the later one", () => {
  const [old] = named("labels.csv");
  const [fresh] = named("labels.csv");
  expect(mergeFiles([...named("1.png"), old!], [fresh!]).map((file) => file === fresh)).toEqual([false, true]);
});

test("files for an input replace those it got, and stay apart from another input's of the same name", () => {
  const [npz] = named("c.npz");
  const first = filesFor("a", named("x.npy", "y.npy"), [npz!]);
  expect(first.map(({ path, input }) => [path, input])).toEqual([
    ["c.npz", undefined],
    ["x.npy", "a"],
    ["y.npy", "a"],
  ]);
  const both = filesFor("b", named("x.npy"), first);
  expect(both.map(({ path, input }) => [path, input])).toEqual([
    ["c.npz", undefined],
    ["x.npy", "a"],
    ["y.npy", "a"],
    ["b/x.npy", "b"],
  ]);
  expect(filesFor("a", named("z.npy"), both).map(({ path }) => path)).toEqual(["c.npz", "b/x.npy", "z.npy"]);
  expect(filesFor("a", named("c.npz"), [npz!]).map(({ input }) => input)).toEqual(["a"]);
});

test("what an input is given are samples, whatever its name", () => {
  const files = [...named("labels.csv"), ...filesFor("a", named("token_labels"), [])];
  expect(samplesAmong(files).map(({ path }) => path)).toEqual(["token_labels"]);
});
