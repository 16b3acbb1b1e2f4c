import { describe, expect, it } from "vitest";
import type { Tensor } from "../model/tensor.ts";
import { intAttribute, makeNode } from "../onnx/attributes.ts";
import { GraphIndex } from "../onnx/graph.ts";
import { RUNTIME_DOMAIN, withDomain } from "../onnx/opset.ts";
import type { ModelProto } from "../onnx/proto/onnx_pb.ts";
import { scalar } from "../onnx/tensor.ts";
import { buildModel, floatInput, noise } from "../onnx/testing/build.ts";
import { normPairs } from "./normPairs.ts";
import { applySmoothing, smoothingFactors } from "./smoothing.ts";
import { run } from "./testing/native.ts";

type Node = Parameters<typeof makeNode>;

const CHANNELS = 16;
const vector = (values: readonly number[], dims: readonly number[] = [values.length]): Tensor => ({
  type: "float32",
  dims,
  data: Float32Array.from(values),
});
const gains = Array.from({ length: CHANNELS }, (_, channel) => (channel % 7 === 3 ? 100 : 1 + channel / 10));
const CONSTANTS = {
  gamma: vector(gains),
  beta: vector(gains.map((gain) => gain / 3)),
  factor: vector(gains, [1, 1, CHANNELS]),
  ones: vector(gains.map(() => 1)),
  half: scalar("float32", 0.5),
  w: noise([CHANNELS, 8], 3),
  wt: noise([8, CHANNELS], 4),
  b: noise([8], 5),
};

function model(
  nodes: readonly Node[],
  constants: Record<string, Tensor> = {},
  outputs = ["y"],
  rows = [1, 4],
): ModelProto {
  const made = buildModel({
    opset: 17,
    inputs: [floatInput("x", [...rows, CHANNELS])],
    outputs,
    nodes: nodes.map((parts) => makeNode(...parts)),
    constants: { ...CONSTANTS, ...constants },
  });
  return withDomain(made, RUNTIME_DOMAIN);
}

const norm: Node = ["LayerNormalization", ["x", "gamma", "beta"], ["n"], { name: "norm" }];
const plain: Node = ["LayerNormalization", ["x", "ones"], ["m"], { name: "norm" }];
const reads: Node = ["MatMul", ["n", "w"], ["y"], { name: "reads" }];

async function extremesOf(given: ModelProto, tensor: string, feeds: Parameters<typeof run>[1]) {
  const exposed = structuredClone(given);
  exposed.graph!.output.push({ ...exposed.graph!.output[0]!, name: tensor, type: undefined } as never);
  const values = (await run(exposed, feeds)).get(tensor)!.data as Float32Array;
  const [min, max] = [new Float64Array(CHANNELS).fill(Infinity), new Float64Array(CHANNELS).fill(-Infinity)];
  for (const [i, value] of values.entries()) {
    min[i % CHANNELS] = Math.min(min[i % CHANNELS]!, value);
    max[i % CHANNELS] = Math.max(max[i % CHANNELS]!, value);
  }
  return { min, max };
}

describe("channels that a normalization scales apart", () => {
  it.each<[string, readonly Node[], (readonly number[])?]>([
    ["its own scale and shift", [norm, reads]],
    ["a factor after it", [plain, ["Mul", ["m", "factor"], ["n"], { name: "mul" }], reads]],
    ["a factor before the normalized", [plain, ["Mul", ["factor", "m"], ["n"], { name: "mul" }], reads]],
    [
      "a factor and an addend",
      [plain, ["Mul", ["m", "factor"], ["f"], { name: "mul" }], ["Add", ["f", "beta"], ["n"], { name: "add" }], reads],
    ],
    [
      "its own scale before a factor for all",
      [
        ["LayerNormalization", ["x", "gamma", "beta"], ["m"], { name: "norm" }],
        ["Mul", ["m", "half"], ["n"], { name: "half" }],
        reads,
      ],
    ],
    [
      "read by several layers",
      [
        norm,
        ["MatMul", ["n", "w"], ["p"], { name: "reads" }],
        ["MatMul", ["n", "w"], ["q"], { name: "too" }],
        ["Add", ["p", "q"], ["y"], { name: "sum" }],
      ],
    ],
    [
      "read by a Gemm with rows of outputs",
      [norm, ["Gemm", ["n", "wt", "b"], ["y"], { name: "reads", attributes: [intAttribute("transB", 1)] }]],
      [4],
    ],
    ["its own scale, its shape asked for too", [norm, ["Shape", ["n"], ["s"], { name: "shape" }], reads]],
    [
      "a scale in one node with a sum",
      [["SkipLayerNormalization", ["x", "x", "gamma", "beta"], ["n"], { name: "norm", domain: RUNTIME_DOMAIN }], reads],
    ],
    [
      "a scale in one node with a sum, without a mean",
      [
        ["SkipSimplifiedLayerNormalization", ["x", "x", "gamma"], ["n"], { name: "norm", domain: RUNTIME_DOMAIN }],
        reads,
      ],
    ],
    ["a scale of ONNX Runtime's", [["SimplifiedLayerNormalization", ["x", "gamma"], ["n"], { name: "norm" }], reads]],
  ])("by %s: dividing them leaves the function, and their reach closer", async (_, nodes, rows) => {
    const given = model(nodes, {}, ["y"], rows ? [...rows] : undefined);
    const feeds = new Map([["x", noise([...(rows ?? [1, 4]), CHANNELS], 9)]]);
    const seen = await extremesOf(given, "n", feeds);
    const factors = smoothingFactors(given, new Map([["n", seen]]));
    expect(Object.keys(factors)).toEqual(["n"]);
    const changed = applySmoothing(given, factors);
    const [before, after] = [await run(given, feeds), await run(changed, feeds)];
    const expected = before.get("y")!.data as Float32Array;
    const largest = expected.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
    for (const [i, value] of (after.get("y")!.data as Float32Array).entries()) {
      expect(Math.abs(value - expected[i]!)).toBeLessThan(1e-5 * largest);
    }
    const spread = ({ min, max }: typeof seen) => {
      const reach = [...max].map((high, c) => Math.max(high, -min[c]!));
      return Math.max(...reach) / Math.min(...reach);
    };
    expect(spread(await extremesOf(changed, "n", feeds))).toBeLessThan(spread(seen) / 3);
    expect(changed.graph!.initializer.map(({ name }) => name)).toContain(
      nodes.at(-1)![0] === "Gemm" ? "wt.equalized" : "w.equalized",
    );
  });

  it.each<[string, readonly Node[], string[]?]>([
    [
      "a residual reads them",
      [norm, ["MatMul", ["n", "square"], ["p"], { name: "reads" }], ["Add", ["p", "n"], ["y"], { name: "add" }]],
    ],
    ["the caller reads them", [norm, reads], ["y", "n"]],
    ["they are the other factor", [norm, ["MatMul", ["wt", "n"], ["y"], { name: "reads" }]]],
    ["no constant scales them", [["Relu", ["x"], ["n"], { name: "relu" }], reads]],
    [
      "what is between is read elsewhere",
      [plain, ["Add", ["m", "beta"], ["n"], { name: "add" }], reads, ["Relu", ["m"], ["z"], { name: "z" }]],
      ["y", "z"],
    ],
    [
      "another axis is scaled",
      [["LayerNormalization", ["x", "table"], ["n"], { name: "norm", attributes: [intAttribute("axis", 1)] }], reads],
    ],
  ])("are left where %s", (_, nodes, outputs) => {
    const constants = { square: noise([CHANNELS, CHANNELS], 6), table: noise([4, CHANNELS], 7) };
    expect(normPairs(new GraphIndex(model(nodes, constants, outputs).graph!))).toEqual([]);
  });

  it("have no factors where they are even, silent or not finite, and factors of another number are passed over", () => {
    const given = model([norm, reads]);
    const factorsOf = (high: readonly number[]) =>
      smoothingFactors(given, new Map([["n", { min: new Float64Array(high.length), max: Float64Array.from(high) }]]));
    expect(factorsOf(gains.map(() => 2))).toEqual({});
    expect(factorsOf(gains.map(() => 0))).toEqual({});
    expect(factorsOf(gains.map((gain) => (gain === 100 ? Infinity : 1)))).toEqual({});
    expect(factorsOf([1, 100])).toEqual({});
    expect(applySmoothing(given, { n: { divide: [2, 2], absorb: [0, 0] } })).toBe(given);
    const { divide } = factorsOf(gains.map((gain, c) => (c === 0 ? 0 : gain))).n!;
    expect(divide[0]).toBe(1);
    expect(divide.every((factor) => factor > 0 && Number.isFinite(factor))).toBe(true);
  });
});
