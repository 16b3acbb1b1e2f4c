import { describe, expect, it } from "vitest";
import { quantizeAndCompare } from "../job/testing/quantized.ts";
import type { Tensor, TensorMap } from "../model/tensor.ts";
import { makeNode } from "../onnx/attributes.ts";
import type { ModelProto } from "../onnx/proto/onnx_pb.ts";
import { buildModel, floatInput, noise } from "../onnx/testing/build.ts";
import { evenMatrices } from "./evenMatrices.ts";
import { optimizedOperators, run } from "./testing/native.ts";

/** Matrices of which each is ten times as large as the one before. */
function steep(dims: readonly number[], by = 10): Tensor {
  const { data, ...rest } = noise(dims, 3);
  const size = dims.slice(-2).reduce((product, dim) => product * dim, 1);
  return { ...rest, data: (data as Float32Array).map((value, i) => value * by ** Math.floor(i / size)) };
}

type Node = Parameters<typeof makeNode>;

const product = (first: string, second: string, output: string, name = output): Node => [
  "MatMul",
  [first, second],
  [output],
  { name },
];

function model(
  dims: readonly number[],
  nodes: readonly Node[],
  constants: Record<string, Tensor>,
  outputs: readonly string[] = ["o"],
): ModelProto {
  return buildModel({
    opset: 17,
    inputs: [floatInput("x", dims)],
    outputs,
    nodes: nodes.map((parts) => makeNode(...parts)),
    constants,
  });
}

/** Brings what the matrices make back to one size, so that what follows sees them all. */
const even = (tensor: string): Node => ["Mul", [tensor, "back"], ["o"], { name: "back" }];
const back = (dims: readonly number[]) => ({
  type: "float32" as const,
  dims,
  data: Float32Array.from({ length: 4 }, (_, i) => 0.1 ** i),
});

const dimsOfX = [2, 4, 8, 16];
const samples = (seed: number, dims = dimsOfX): TensorMap[] =>
  Array.from({ length: 6 }, (_, i) => new Map([["x", noise(dims, seed + i)]]));

describe("matrices of very different size in one constant", () => {
  it.each<[string, readonly number[], readonly Node[], Record<string, Tensor>]>([
    [
      "of three dimensions",
      dimsOfX,
      [product("x", "w", "m"), even("m")],
      { w: steep([4, 16, 12]), back: back([1, 4, 1, 1]) },
    ],
    ["of four", dimsOfX, [product("x", "w", "m"), even("m")], { w: steep([1, 4, 16, 12]), back: back([1, 4, 1, 1]) }],
    [
      "read by two",
      dimsOfX,
      [product("x", "w", "a"), product("a", "back", "b"), product("b", "w", "o")],
      { w: steep([4, 16, 12]), back: noise([4, 12, 16], 8) },
    ],
    [
      "spread over what has two dimensions",
      [8, 16],
      [product("x", "w", "m"), even("m")],
      { w: steep([4, 16, 12]), back: back([4, 1, 1]) },
    ],
    [
      "with a constant added",
      dimsOfX,
      [product("x", "w", "m"), ["Add", ["m", "v"], ["s"], { name: "s" }], even("s")],
      { w: steep([4, 16, 12]), v: noise([12], 5), back: back([1, 4, 1, 1]) },
    ],
    [
      "that come first",
      dimsOfX,
      [product("w", "x", "m"), even("m")],
      { w: steep([4, 12, 8]), back: back([1, 4, 1, 1]) },
    ],
    [
      "or rows of one that comes first",
      [2, 4, 8],
      [product("w", "x", "m"), even("m")],
      { w: { ...steep([4, 1, 4]), dims: [4, 4] }, back: back([4, 1]) },
    ],
  ])("%s: the model gives what it gave, and quantized it keeps 25 dB", async (_, dims, nodes, constants) => {
    const given = model(dims, nodes, constants);
    const { model: changed, changes } = evenMatrices(given);
    expect(changes).toMatchObject([{ noun: "MatMul" }]);
    const feeds = new Map([["x", noise(dims, 40)]]);
    const [before, after] = [await run(given, feeds), await run(changed, feeds)];
    const values = Array.from(before.get("o")!.data as Float32Array);
    const largest = values.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
    expect(after.get("o")!.dims).toEqual(before.get("o")!.dims);
    for (const [i, value] of (after.get("o")!.data as Float32Array).entries()) {
      expect(Math.abs(value - values[i]!)).toBeLessThan(1e-5 * largest);
    }
    const compared = await quantizeAndCompare(given, samples(100, [...dims]), samples(900, [...dims]));
    expect(compared.sqnr.o).toBeGreaterThan(25);
    const operators = await optimizedOperators(compared.quantized.model);
    // ONNX Runtime has no integer kernel for a constant that comes first.
    const inFloat = nodes.some(([, [first]]) => first === "w") ? ["MatMul"] : [];
    expect(operators.filter((operator) => /^(MatMul|Gemm|FusedMatMul)$/.test(operator))).toEqual(inFloat);
  });
});

describe("nothing is changed", () => {
  const zeros: Tensor = { type: "float32", dims: [4, 16, 12], data: new Float32Array(4 * 16 * 12) };
  it.each<[string, readonly number[], readonly Node[], Record<string, Tensor>]>([
    ["matrices of one size", dimsOfX, [product("x", "w", "o")], { w: noise([4, 16, 12]) }],
    [
      "one matrix, whose columns have scales",
      dimsOfX,
      [product("x", "w", "o")],
      { w: { ...steep([12, 1, 16]), dims: [16, 12] } },
    ],
    ["zeros", dimsOfX, [product("x", "w", "o")], { w: zeros }],
    ["no constant", [4, 4], [product("x", "x", "o")], {}],
    ["an input that is a vector", [16], [product("x", "w", "o")], { w: steep([4, 16, 12]) }],
    [
      "no values",
      [4, 2, 0],
      [product("x", "w", "o")],
      { w: { type: "float32", dims: [4, 0, 3], data: new Float32Array() } },
    ],
    [
      "another type",
      [4, 8, 16],
      [["Cast", ["x"], ["d"], { attributes: [] }], product("d", "w", "o")],
      { w: { type: "float64", dims: [4, 16, 12], data: new Float64Array(4 * 16 * 12) } },
    ],
  ])("of %s", (_, dims, nodes, constants) => {
    const given = model(dims, nodes, constants);
    expect(evenMatrices(given)).toEqual({ model: given, changes: [] });
  });

  it("of matrices among which one is all zeros and the others alike", () => {
    const { data, ...rest } = noise([4, 16, 12]);
    const w = { ...rest, data: (data as Float32Array).map((value, i) => (i < 16 * 12 ? 0 : value)) };
    const given = model(dimsOfX, [product("x", "w", "o")], { w });
    expect(evenMatrices(given).changes).toEqual([]);
  });
});
