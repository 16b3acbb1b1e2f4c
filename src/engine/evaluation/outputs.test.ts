import { describe, expect, it } from "vitest";
import type { OutputError } from "../model/evaluation.ts";
import { OutputComparison } from "./outputs.ts";

type Pair = readonly [dims: readonly number[], float: readonly number[], quantized: readonly number[]];

function compared(...samples: readonly Pair[]): OutputError {
  const comparison = new OutputComparison();
  for (const [dims, float, quantized] of samples) {
    const output = (values: readonly number[]) =>
      new Map([["y", { type: "float32" as const, dims, data: Float32Array.from(values) }]]);
    comparison.add(output(float), output(quantized));
  }
  return comparison.results()[0]!;
}

/** KL(softmax([a, 0]) || softmax([b, 0])), written out for two classes. */
function binaryDivergence(a: number, b: number): number {
  const [p, q] = [a, b].map((logit) => 1 / (1 + Math.exp(-logit))) as [number, number];
  return p * Math.log(p / q) + (1 - p) * Math.log((1 - p) / (1 - q));
}

describe("agreement and KL", () => {
  it("go by rows of the last axis, over all samples", () => {
    const { agreement, kl } = compared(
      [
        [1, 3, 2],
        [1, 0, 2, 0, 3, 0],
        [1, 0, -1, 0, 2, 0],
      ],
      [
        [1, 1, 2],
        [1, 0],
        [-1, 0],
      ],
    );
    expect(agreement).toBe(2 / 4);
    expect(kl).toBeCloseTo((binaryDivergence(2, -1) + binaryDivergence(3, 2) + binaryDivergence(1, -1)) / 4, 6);
  });

  it("go by the last axis longer than 1 where others of length 1 follow", () => {
    const values = [0, 1, 2, 9, 3, 0] as const;
    const other = [0, 1, 2, 9, 0, 8] as const;
    const moved = [0, 1, 2, 3, 9, 0] as const;
    expect(compared([[1, 6, 1, 1], values, other]).agreement).toBe(1);
    expect(compared([[1, 6, 1, 1], values, moved]).agreement).toBe(0);
    expect(compared([[1, 2, 3, 1], values, moved]).agreement).toBe(1 / 2);
    expect(compared([[6], values, other]).kl).toBe(compared([[1, 6, 1, 1], values, other]).kl);
  });

  it("are null where no axis is longer than 1", () => {
    expect(compared([[1, 1], [2], [3]])).toMatchObject({ agreement: null, kl: null, mse: 1 });
    expect(compared([[], [2], [3]])).toMatchObject({ agreement: null, kl: null });
  });

  it("take rows that are all probabilities as they are, and others by their softmax", () => {
    const probabilities = compared([
      [2, 2],
      [0.5, 0.5, 0.9, 0.1],
      [0.9, 0.1, 0.9, 0.1],
    ]);
    expect(probabilities.kl).toBeCloseTo((0.5 * Math.log(0.5 / 0.9) + 0.5 * Math.log(0.5 / 0.1)) / 2, 6);
    const boxes = compared([
      [2, 2],
      [0.5, 0.5, 0.9, 0.8],
      [0.9, 0.1, 0.9, 0.8],
    ]);
    expect(boxes.kl).toBeCloseTo(binaryDivergence(0, 0.8) / 2, 6);
  });
});

describe("values that are not finite", () => {
  it("are counted, and leave out their row only", () => {
    const { nonFinite, agreement, kl, mse } = compared([
      [1, 4, 2],
      [1, 0, 1, Number.NaN, 1, 0, 1, -Infinity],
      [1, 0, 0, 1, Infinity, 0, 0, 1],
    ]);
    expect({ nonFinite, agreement, kl }).toEqual({ nonFinite: 3, agreement: 1, kl: 0 });
    expect(mse).toBe(2 / 5);
  });

  it("do not hide that the other rows are probabilities", () => {
    const { kl } = compared([
      [2, 2],
      [Number.NaN, 0.5, 0.5, 0.5],
      [0, 0, 0.9, 0.1],
    ]);
    expect(kl).toBeCloseTo(0.5 * Math.log(0.5 / 0.9) + 0.5 * Math.log(0.5 / 0.1), 6);
  });

  it("leave no agreement and no KL when no row is left", () => {
    const dead = [Number.NaN, Number.NaN];
    expect(compared([[1, 2], [1, 0], dead])).toMatchObject({ nonFinite: 2, agreement: null, kl: null });
  });
});
