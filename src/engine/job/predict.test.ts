import { expect, test } from "vitest";
import type { TensorMap } from "../model/tensor.ts";
import { makeNode } from "../onnx/attributes.ts";
import { buildModel, floatInput } from "../onnx/testing/build.ts";
import { predict } from "./predict.ts";
import { context, datasetOf, open, runtime } from "./testing/quantized.ts";

const { signal } = context;
const WEIGHTS = { type: "float32", dims: [3, 3], data: Float32Array.of(1, 0, 0, 0, 1, 0, 0, 0, 1) } as const;

/** The input itself, by way of a product, and what `last` makes of it. */
function passing(last: readonly string[] = [], rows = 1) {
  const names = ["made", ...last];
  return open(
    buildModel({
      opset: 13,
      inputs: [floatInput("x", [rows, 3])],
      outputs: [names.at(-1)!],
      nodes: [
        makeNode("MatMul", ["x", "w"], ["made"]),
        ...last.map((operator, at) => makeNode(operator, [names[at]!], [operator])),
      ],
      constants: { w: WEIGHTS },
    }),
  );
}

const sampleOf = (values: readonly number[], rows = 1): TensorMap =>
  new Map([["x", { type: "float32", dims: [rows, 3], data: Float32Array.from(values) }]]);
const NAMES = new Map([
  [1, "owl"],
  [2, "cat"],
]);

test("the likeliest class is named, with its score, what softmax makes of that, and the label", async () => {
  const model = await passing();
  const data = { ...datasetOf(model, [sampleOf([1, 3, 2])]), labels: [0], classNames: NAMES };
  const found = await predict(model, data, 0, runtime, signal);
  expect(found).toMatchObject({
    output: "made",
    classes: 3,
    top: { index: 1, name: "owl" },
    score: 3,
    isProbability: false,
  });
  expect(found?.label).toEqual({ index: 0, name: null });
  expect(found?.share).toBeCloseTo(Math.exp(3) / (Math.exp(1) + Math.exp(3) + Math.exp(2)), 6);
});

test("a probability is one already", async () => {
  const model = await passing(["Softmax"]);
  const found = await predict(model, datasetOf(model, [sampleOf([0, 0, 4])]), 0, runtime, signal);
  expect(found).toMatchObject({ top: { index: 2, name: null }, isProbability: true, label: null });
  expect(found?.share).toBe(found?.score);
  expect(found?.share).toBeCloseTo(Math.exp(4) / (2 + Math.exp(4)), 5);
});

test("of a batch it is what the first row gets", async () => {
  const model = await passing([], 2);
  const data = { ...datasetOf(model, [sampleOf([5, 1, 1, 1, 1, 5], 2)]), labels: [[2, 0]] };
  expect(await predict(model, data, 0, runtime, signal)).toMatchObject({ top: { index: 0 }, label: { index: 2 } });
});

test.each([[[2, 2, 2]], [[Number.NaN, 1, 2]], [[Number.POSITIVE_INFINITY, 1, 2]]])(
  "where scores are %j no class is the likeliest",
  async (values) => {
    const model = await passing();
    const found = await predict(model, datasetOf(model, [sampleOf(values)]), 0, runtime, signal);
    expect(found).toMatchObject({ top: null, score: null, share: null });
  },
);

test("where no output has class scores there is no answer", async () => {
  const model = await passing([], 2);
  expect(await predict(model, datasetOf(model, [sampleOf([1, 2, 3, 4, 5, 6], 2)]), 0, runtime, signal)).toBeNull();
});

test("a sample that the model does not run on is named", async () => {
  const model = await passing();
  const wrong: TensorMap = new Map([["x", { type: "float32", dims: [1, 2], data: Float32Array.of(1, 2) }]]);
  await expect(predict(model, datasetOf(model, [wrong]), 0, runtime, signal)).rejects.toThrow(
    "does not run on sample 0",
  );
});
