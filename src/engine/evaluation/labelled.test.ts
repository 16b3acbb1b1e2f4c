import { describe, expect, it } from "vitest";
import type { SampleLabel } from "../model/dataset.ts";
import type { Tensor, TensorMap } from "../model/tensor.ts";
import { LabelledScores } from "./labelled.ts";

function outputs(dims: readonly number[], values: readonly number[], name = "scores"): TensorMap {
  const tensor: Tensor = { type: "float32", dims, data: Float32Array.from(values) };
  return new Map([[name, tensor]]);
}

function counted(float: TensorMap, quantized: TensorMap, label: SampleLabel) {
  const scores = new LabelledScores();
  const rows = scores.add(float, quantized, label, "x");
  return { output: scores.output, samples: scores.samples, rows, result: scores.result() };
}

const FLOAT = [1, 0, 0, 0, 1, 0, 0, 0, 1];
const OTHER = [1, 0, 0, 0, 0, 1, 0, 0, 1];

describe("scores against labels", () => {
  it("are those of every row of a batch that has a label", () => {
    const { samples, result, rows, output } = counted(outputs([3, 3], FLOAT), outputs([3, 3], OTHER), [0, 1, null]);
    expect([samples, output, rows.map(({ label }) => label)]).toEqual([2, "scores", [0, 1]]);
    expect(result?.top1).toMatchObject({ float: 1, quantized: 0.5, drop: 0.5 });
  });

  it("are those of a sample without a batch too", () => {
    expect(counted(outputs([3], [0, 1, 0]), outputs([3], [1, 0, 0]), 1).result?.top1).toMatchObject({ drop: 1 });
  });

  it("stand in a further axis of length 1", () => {
    const { result } = counted(outputs([3, 1, 3, 1], FLOAT), outputs([3, 1, 3, 1], OTHER), [0, 1, 2]);
    expect(result?.top1.quantized).toBeCloseTo(2 / 3);
  });

  it.each([
    ["an output with other rows", outputs([9, 1], FLOAT), [0, 1, 2]],
    ["an output of several rows a sample", outputs([3, 3, 2], [...FLOAT, ...FLOAT]), [0, 1, 2]],
    ["no label", outputs([3, 3], FLOAT), [null, null, null]],
    ["one sample without a label", outputs([3], [1, 2, 3]), null],
  ] as const)("say nothing of %s", (_, float, label) => {
    expect(counted(float, float, label)).toMatchObject({ output: null, samples: 0, rows: [], result: null });
  });

  it("refuse a label that is no class", () => {
    expect(() => counted(outputs([3, 3], FLOAT), outputs([3, 3], FLOAT), [0, 3, 1])).toThrow(
      "x has the label 3, but the model has 3 classes",
    );
  });
});
