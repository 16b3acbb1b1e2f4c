import { expect, test } from "vitest";
import { Variations } from "../evaluation/variation.ts";
import type { TensorMap } from "../model/tensor.ts";
import { OutputErrorSum } from "./outputErrors.ts";

const outputs = (scores: readonly number[], anchors: readonly number[]): TensorMap =>
  new Map(
    Object.entries({ anchors, scores }).map(([name, values]) => [
      name,
      { type: "float32", dims: [1, values.length], data: Float32Array.from(values) },
    ]),
  );

test("SQNR is that of the worst output, or of its worst part: boxes do not hide scores, in another output or in the same", () => {
  const sum = new OutputErrorSum();
  const float = new Variations();
  for (const step of [1, 2, 1, 2, 1, 2, 1, 2]) {
    const expected = outputs([640, 0.5 * step], [500 * step, 400]);
    float.add(expected);
    sum.add({ outputs: expected, label: null, source: "" }, outputs([640, 0.4 * step], [500 * step, 400]));
  }
  expect(sum.result(float).sqnr).toBeCloseTo(20 * Math.log10(5));
});

test("errors are over all outputs, but for those that are equal in every sample of the float model", () => {
  const sum = new OutputErrorSum();
  const float = new Variations();
  for (const [scores, anchors] of [
    [
      [3, 1],
      [100, 200, 300],
    ],
    [
      [0, 2],
      [100, 200, 300],
    ],
  ] as const) {
    const expected = outputs(scores, anchors);
    float.add(expected);
    sum.add({ outputs: expected, label: 0, source: "" }, outputs([scores[0] + 1, scores[1]], [0, 0, 0]));
  }
  const { sqnr, mse, kl, drop } = sum.result(float);
  expect(sqnr).toBeCloseTo(10 * Math.log10(14 / 2));
  expect(mse).toBe(1 / 2);
  expect(kl).toBeLessThan(1);
  expect(drop).toBeNull();
  expect(sum.result(new Variations()).sqnr).toBeLessThan(0.1);
});
