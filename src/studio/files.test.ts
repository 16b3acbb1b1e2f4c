import { expect, test } from "vitest";
import { mergeFiles, onlyLabels, sortFiles } from "./files.ts";

const named = (...paths: string[]) => paths.map((path) => ({ path, file: new File([path], path) }));

test("a mixed drop is told apart by name", () => {
  const sorted = sortFiles(
    named("net.ONNX", "net.recipe.json", "a/net.calibration.json", "photos/1.jpg", "labels.csv", "w/net.onnx.data"),
  );
  expect(sorted.models.map((file) => file.path)).toEqual(["net.ONNX"]);
  expect(sorted.documents.map((file) => file.path)).toEqual(["net.recipe.json", "a/net.calibration.json"]);
  expect(sorted.data.map((file) => file.path)).toEqual(["photos/1.jpg", "labels.csv"]);
  expect(sorted.beside.map((file) => file.path)).toEqual(["w/net.onnx.data"]);
});

test("without a model nothing is taken for its weights", () => {
  const { beside, data } = sortFiles(named("train-images", "labels.csv"));
  expect(beside).toEqual([]);
  expect(data).toHaveLength(2);
});

test("labels alone belong to the data already there", () => {
  expect(onlyLabels(named("labels.csv"))).toBe(true);
  expect(onlyLabels(named("t10k-labels-idx1-ubyte.gz"))).toBe(true);
  expect(onlyLabels(named("labels.csv", "1.png"))).toBe(false);
  expect(onlyLabels([])).toBe(false);
});

test("merging keeps one file a path, the later one", () => {
  const [old] = named("labels.csv");
  const [fresh] = named("labels.csv");
  expect(mergeFiles([...named("1.png"), old!], [fresh!]).map((file) => file === fresh)).toEqual([false, true]);
});
