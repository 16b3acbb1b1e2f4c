import { describe, expect, it } from "vitest";
import { ExpectedDrop } from "./searchExpected.ts";

function expectedOf(...samples: readonly (readonly [float: number[], quantized: number[], label: number])[]) {
  const expected = new ExpectedDrop();
  for (const [float, quantized, label] of samples) {
    expected.add(Float32Array.from(float), Float32Array.from(quantized), label);
  }
  return expected.result();
}

describe("the expected drop of top-1", () => {
  it("is none where there is no error, or one that moves all classes alike, and unknown without samples", () => {
    expect(expectedOf([[3, 1, 2], [3, 1, 2], 0], [[0, 5, 1], [0, 5, 1], 2])).toBe(0);
    expect(expectedOf([[3, 1], [4, 2], 0], [[0, 5], [-7, -2], 0])).toBe(0);
    expect(expectedOf()).toBeNull();
  });

  it("counts each sample with the errors of every sample, by rank", () => {
    const far = [[0, 3], [0, 2.75], 1] as const;
    const near = [[1, 0], [-1, 0.5], 0] as const;
    const drop = expectedOf([[...far[0]], [...far[1]], 1], [[...near[0]], [...near[1]], 0]);
    expect(drop).toBe(1 / 4);
  });

  it("is negative where errors put a label to the top that float has below it", () => {
    expect(expectedOf([[2, 1], [1, 2], 1])).toBe(-1);
  });

  it("takes probabilities as logits", () => {
    const drop = expectedOf([[0.9, 0.1], [0.89, 0.11], 0], [[0.501, 0.499], [0.45, 0.55], 0]);
    expect(drop).toBe(1 / 2);
  });
});
