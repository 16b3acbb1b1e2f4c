import { describe, expect, it } from "vitest";
import type { Tensor, TensorMap } from "../model/tensor.ts";
import { softmaxDivergence } from "../numerics/classScores.ts";
import { areProbabilities, confidence, firstScores, isClassScores, logitsOf } from "./scores.ts";

const tensor = (dims: readonly number[]) => ({
  type: "float32" as const,
  dims,
  data: new Float32Array(dims.reduce((product, dim) => product * dim, 1)),
});

describe("class scores", () => {
  it("are outputs with one axis longer than 1", () => {
    expect([[1, 10], [10], [1, 10, 1, 1]].map((dims) => isClassScores(tensor(dims)))).toEqual([true, true, true]);
    expect([[1, 4420, 2], [2, 10], [1, 1], []].map((dims) => isClassScores(tensor(dims)))).toEqual(
      Array(4).fill(false),
    );
  });

  it("are the first output of that kind, and float", () => {
    const index = { type: "int64" as const, dims: [1, 3], data: new BigInt64Array(3) };
    const outputs: TensorMap = new Map<string, Tensor>([
      ["boxes", tensor([1, 40, 4])],
      ["index", index],
      ["scores", tensor([1, 3])],
      ["more", tensor([1, 3])],
    ]);
    expect(firstScores(outputs)?.name).toBe("scores");
    expect(firstScores(new Map([["boxes", tensor([1, 40, 4])]]))).toBeNull();
  });
});

describe("probabilities", () => {
  it("are told from logits", () => {
    expect(areProbabilities(Float32Array.of(0.25, 0.5, 0.25))).toBe(true);
    expect(areProbabilities(Float32Array.of(0, 1.0039, 0))).toBe(true);
    expect(areProbabilities(Float32Array.of(2, -1, 0))).toBe(false);
    expect(areProbabilities(Float32Array.of(0.9, 0.9, 0.1))).toBe(false);
    expect(areProbabilities(Float32Array.of(Number.NaN, 1, 0))).toBe(false);
  });

  it("diverge by KL as they are: 0.5 ln(0.5/0.9) + 0.5 ln(0.5/0.1)", () => {
    const [p, q] = [Float32Array.of(0.5, 0.5), Float32Array.of(0.9, 0.1)];
    const expected = 0.5 * Math.log(0.5 / 0.9) + 0.5 * Math.log(0.5 / 0.1);
    expect(softmaxDivergence(logitsOf(p), logitsOf(q))).toBeCloseTo(expected, 6);
  });

  it("of zero are finite in KL", () => {
    const divergence = softmaxDivergence(logitsOf(Float32Array.of(0.5, 0.5)), logitsOf(Float32Array.of(1, 0)));
    expect(divergence).toBeCloseTo(0.5 * Math.log(0.5) + 0.5 * Math.log(0.5 / 1e-7), 3);
  });
});

describe("confidence", () => {
  it("is the largest softmax probability", () => {
    expect(confidence(Float32Array.of(0, 0, 0, 0))).toBeCloseTo(0.25);
    expect(confidence(Float32Array.of(Math.log(3), 0))).toBeCloseTo(0.75);
    expect(confidence(Float32Array.of(1000, 0))).toBe(1);
    expect(confidence(logitsOf(Float32Array.of(0.2, 0.7, 0.1)))).toBeCloseTo(0.7);
  });
});
