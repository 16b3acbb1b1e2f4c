import { expect, test } from "vitest";
import type { Port } from "../model/tensor.ts";
import { classesOf } from "./classes.ts";

const output = (dims: Port["dims"], type: Port["type"] = "float32"): Port => ({ name: "y", type, dims });

test.each<[number | null, Port[]]>([
  [10, [output([1, 10])]],
  [10, [output(["batch", 10])]],
  [1001, [output([null, 1001, 1, 1])]],
  [1000, [output([1, 4, 4, 8]), output([1, 1000])]],
  [1000, [output([1, 5], "int64"), output([1, 1000])]],
  [0, [output([1, 1])]],
  [0, [output([1, 3, 8, 8])]],
  [0, [output([8, 10])]],
  [0, []],
  [null, [output(["batch", "classes"])]],
  [null, [output([1, null]), output([1, 10])]],
])("the scores of a model are of %s classes", (classes, outputs) => {
  expect(classesOf(outputs)).toBe(classes);
});
