import { describe, expect, test } from "vitest";
import { InputError } from "../model/job.ts";
import type { Tensor } from "../model/tensor.ts";
import { OutputComparison } from "./outputs.ts";
import { RowSets, rowAxes } from "./rowSets.ts";

const floats = (dims: readonly number[], values: readonly number[]): Tensor => ({
  type: "float32",
  dims,
  data: Float32Array.from(values),
});
const integers = (dims: readonly number[], values: readonly number[]): Tensor => ({
  type: "int64",
  dims,
  data: BigInt64Array.from(values, BigInt),
});

function compared(float: Tensor, quantized: Tensor, axis: number) {
  const rows = new RowSets();
  rows.add(float, quantized, axis);
  return rows.result();
}

describe("rows as sets", () => {
  const boxes = [10, 20, 30, 40, 50, 60];

  test("in whatever order, near ones are counterparts, each of one other", () => {
    expect(compared(floats([3, 2], boxes), floats([3, 2], [50.5, 60, 10, 21, 30, 40]), 0)).toEqual({
      float: 3,
      quantized: 3,
      same: 1,
    });
    expect(compared(floats([3, 2], boxes), floats([1, 2], [30, 40]), 0)).toEqual({ float: 3, quantized: 1, same: 0.5 });
    expect(compared(floats([1, 2], [1, 1]), floats([2, 2], [1, 1, 1, 1]), 0).same).toBe(2 / 3);
  });

  test("one value that is far makes a row another one", () => {
    expect(compared(floats([1, 2], [10, 20]), floats([1, 2], [10, 22]), 0).same).toBe(0);
    expect(compared(floats([1, 2], [10, Number.NaN]), floats([1, 2], [10, 20]), 0).same).toBe(0);
  });

  test("along an axis within, and of integers by equality", () => {
    expect(compared(floats([1, 2, 2], [1, 2, 3, 4]), floats([1, 1, 2], [3, 4]), 1)).toEqual({
      float: 2,
      quantized: 1,
      same: 2 / 3,
    });
    expect(compared(integers([2, 2], [0, 1, 5, 7]), integers([3, 2], [5, 7, 0, 2, 5, 7]), 0).same).toBe(2 / 5);
  });

  test("none in either is the same; too many are counted only", () => {
    expect(compared(floats([0, 4], []), floats([0, 4], []), 0)).toEqual({ float: 0, quantized: 0, same: 1 });
    expect(compared(floats([0, 4], []), floats([2, 4], new Array(8).fill(1)), 0).same).toBe(0);
    const many = floats([2001, 1], new Array(2001).fill(1));
    expect(compared(many, many, 0)).toEqual({ float: 2001, quantized: 2001, same: null });
  });

  test("the axis is the last that is open, of outputs that data shapes", () => {
    const port = (name: string, dims: readonly (number | string | null)[]) => ({
      name,
      type: "float32" as const,
      dims,
    });
    const ports = [port("det", ["n", "K", 4]), port("sel", [null, 3]), port("fixed", [1, 4]), port("y", ["n", 4])];
    expect([...rowAxes(ports, new Set(["det", "sel", "fixed"]))]).toEqual([
      ["det", 1],
      ["sel", 0],
    ]);
  });
});

describe("outputs that are not floats of one size", () => {
  const add = (comparison: OutputComparison, float: Tensor, quantized: Tensor) =>
    comparison.add(new Map([["y", float]]), new Map([["y", quantized]]));

  test("integers are compared by equality, over all samples", () => {
    const comparison = new OutputComparison();
    add(comparison, integers([4], [1, 2, 3, 4]), integers([4], [1, 2, 3, 5]));
    add(comparison, integers([2], [1, 2]), integers([2], [1, 2]));
    expect(comparison.results()).toEqual([]);
    expect(comparison.others()).toEqual([{ name: "y", kind: "values", float: 6, quantized: 6, same: 5 / 6 }]);
  });

  test("one that turns out to be of another size in the two is a set, and has no SQNR", () => {
    const comparison = new OutputComparison();
    add(comparison, floats([1, 2], [1, 2]), floats([1, 2], [1, 2]));
    add(comparison, floats([2, 2], [1, 2, 3, 4]), floats([1, 2], [3, 4]));
    add(comparison, floats([1, 2], [5, 6]), floats([1, 2], [5, 6]));
    expect(comparison.results()).toEqual([]);
    expect(comparison.others()).toEqual([{ name: "y", kind: "rows", float: 3, quantized: 2, same: 4 / 5 }]);
  });

  test("of other shapes altogether it is not the same network", () => {
    for (const dims of [
      [2, 3],
      [6, 1, 1],
      [1, 1],
      [3, 5],
    ]) {
      const values = new Array(dims.reduce((a, b) => a * b)).fill(0);
      expect(() => add(new OutputComparison(), floats([3, 4], new Array(12).fill(0)), floats(dims, values))).toThrow(
        InputError,
      );
    }
  });
});
