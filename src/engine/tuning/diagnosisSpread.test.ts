import { describe, expect, it } from "vitest";
import type { Finding } from "../model/diagnosis.ts";
import type { Tensor } from "../model/tensor.ts";
import { PLAIN_RECIPE } from "../model/testing/recipe.ts";
import { drawFrom } from "../numerics/testing/distributions.ts";
import { observe } from "../numerics/testing/observe.ts";
import { intsAttribute, makeNode } from "../onnx/attributes.ts";
import { buildModel, floatInput, noise } from "../onnx/testing/build.ts";
import { planQuantization } from "../plan/plan.ts";
import { ORT } from "../targets/ort.ts";
import { roundHalfEven } from "../values/round.ts";
import { Diagnosis } from "./diagnosis.ts";

type Nodes = readonly Parameters<typeof makeNode>[];

/** What is found in a network of one input and one output y, whose every other tensor held the values given. */
function findings(
  dims: readonly number[],
  nodes: Nodes,
  constants: Readonly<Record<string, Tensor>>,
  values: Readonly<Record<string, Float32Array>>,
): Finding[] {
  const model = buildModel({
    opset: 17,
    inputs: [floatInput("x", dims)],
    outputs: ["y"],
    nodes: nodes.map((parts) => makeNode(...parts)),
    constants,
  });
  const types = new Map(["x", ...nodes.flatMap(([, , made]) => made)].map((name) => [name, "float32" as const]));
  const planOf = (layers: readonly string[]) => {
    const float = { ...PLAIN_RECIPE.float, layers };
    return planQuantization(model.graph!, types, { ...PLAIN_RECIPE, float }, ORT);
  };
  const steps = new Diagnosis().diagnose({
    plan: planOf([]),
    recipe: { ...PLAIN_RECIPE, activations: { type: "uint8", symmetric: false }, method: "minmax" },
    statistics: new Map(Object.entries(values).map(([name, held]) => [name, observe(held)])),
    sensitivity: null,
    planWithout: (layer) => planOf([layer]),
    planWithoutTensor: () => planOf([]),
  });
  for (;;) {
    const step = steps.next();
    if (step.done) return [...step.value.findings];
  }
}

const CHANNELS = 16;
const ROWS = 500;
const row = (values: readonly number[]): Tensor => ({
  type: "float32",
  dims: [values.length],
  data: Float32Array.from(values),
});
const gains = (outliers: number, gain: number) =>
  Array.from({ length: CHANNELS }, (_, channel) => (channel < outliers ? gain : 0.5));
const gaussian = drawFrom("gaussian", ROWS * CHANNELS);
const scaled = (by: readonly number[]) => gaussian.map((value, i) => value * by[i % CHANNELS]!);
const matmul: Parameters<typeof makeNode> = ["MatMul", ["n", "w"], ["y"], { name: "reads" }];
const norm: Parameters<typeof makeNode> = ["LayerNormalization", ["x", "gamma", "beta"], ["n"], { name: "norm" }];
const common = { beta: row(new Array(CHANNELS).fill(0)), w: noise([CHANNELS, 8], 3) };
const dims = [1, 4, CHANNELS];

describe("channels of a normalization that share a scale", () => {
  it("are found in its own scale, and in a factor on either side", () => {
    const by = gains(2, 40);
    const ones = row(new Array(CHANNELS).fill(1));
    const plain: Nodes[0] = ["LayerNormalization", ["x", "gamma", "beta"], ["before"], { name: "norm" }];
    const networks: readonly (readonly [string, Nodes, Record<string, Tensor>])[] = [
      ["norm", [norm, matmul], { gamma: row(by) }],
      ["mul", [plain, ["Mul", ["before", "factor"], ["n"], { name: "mul" }], matmul], { gamma: ones, factor: row(by) }],
      ["mul", [plain, ["Mul", ["factor", "before"], ["n"], { name: "mul" }], matmul], { gamma: ones, factor: row(by) }],
      [
        "add",
        [
          plain,
          ["Mul", ["before", "factor"], ["m"], { name: "mul" }],
          ["Add", ["m", "beta"], ["n"], { name: "add" }],
          matmul,
        ],
        { gamma: ones, factor: row(by) },
      ],
    ];
    for (const [layer, nodes, constants] of networks) {
      const found = findings(dims, nodes, { ...common, ...constants }, { n: scaled(by) });
      expect(found).toEqual([
        {
          layer,
          cause: "outlier-channels",
          sentence: "A few channels reach 80.0x as far as most, but all share one scale.",
          figure: expect.stringMatching(
            /^channels of deviation 0\.500 in the middle, the largest 40\.0, SQNR .* mean /,
          ),
          loss: expect.any(Number),
          remedy: {
            edit: { kind: "equalization" },
            sentence: expect.stringMatching(/^Equalize channels: .* \+1\d\.\d dB here \(estimated\)\.$/),
          },
        },
      ]);
      expect(found[0]!.loss).toBeGreaterThan(5);
    }
  });

  it("are found where the normalization is written in parts", () => {
    const by = gains(2, 40);
    const mean = (of: string): Nodes => [
      ["Mul", [of, of], ["square"], { name: "square" }],
      ["ReduceMean", ["square"], ["variance"], { name: "mean", attributes: [intsAttribute("axes", [-1])] }],
      ["Add", ["variance", "epsilon"], ["above"], { name: "above" }],
      ["Sqrt", ["above"], ["root"], { name: "root" }],
    ];
    const scale: Nodes[0] = ["Mul", ["unit", "factor"], ["n"], { name: "scale" }];
    const ways: readonly Nodes[] = [
      [["Div", ["x", "root"], ["unit"], { name: "unit" }]],
      [
        ["Reciprocal", ["root"], ["inverse"], { name: "inverse" }],
        ["Mul", ["x", "inverse"], ["unit"], { name: "unit" }],
      ],
      [
        ["Div", ["one", "root"], ["inverse"], { name: "inverse" }],
        ["Mul", ["inverse", "x"], ["unit"], { name: "unit" }],
      ],
    ];
    const constants = { ...common, factor: row(by), epsilon: row([1e-5]), one: row([1]) };
    for (const way of ways) {
      const found = findings(dims, [...mean("x"), ...way, scale, matmul], constants, { n: scaled(by) });
      expect(found.map(({ layer, cause }) => [layer, cause])).toEqual([["scale", "outlier-channels"]]);
    }
    const unmeant: Nodes = [
      ["Sqrt", ["x"], ["root"], { name: "root" }],
      ["Div", ["x", "root"], ["unit"], { name: "unit" }],
    ];
    expect(findings(dims, [...unmeant, scale, matmul], constants, { n: scaled(by) })).toEqual([]);
  });

  it("are estimated as they are: each channel's values rounded with the tensor's scale", () => {
    const by = gains(2, 40);
    const held = scaled(by);
    const [low, high] = [Math.min(...held), Math.max(...held)];
    const step = (high - low) / 255;
    const noiseToSignal = by.map((_, channel) => {
      let [signal, error] = [0, 0];
      for (let i = channel; i < held.length; i += CHANNELS) {
        signal += held[i]! ** 2;
        error += (held[i]! - step * roundHalfEven(held[i]! / step)) ** 2;
      }
      return error / signal;
    });
    const measured = -10 * Math.log10(noiseToSignal.reduce((sum, part) => sum + part, 0) / CHANNELS);
    const [finding] = findings(dims, [norm, matmul], { ...common, gamma: row(by) }, { n: held });
    expect(20 - finding!.loss).toBeGreaterThan(measured - 1.5);
    expect(20 - finding!.loss).toBeLessThan(measured + 1.5);
  });

  it("are left in float where equalization cannot divide them and one layer reads them", () => {
    const by = gains(2, 40);
    const w = noise([1, CHANNELS, 8], 3);
    const [found] = findings(dims, [norm, matmul], { ...common, gamma: row(by), w }, { n: scaled(by) });
    expect(found?.remedy).toEqual({
      edit: { kind: "float", layer: "reads" },
      sentence: expect.stringMatching(/^Leave reads in float/),
    });
  });

  it("have no remedy where a residual reads them too, and equalization where two layers with weights do", () => {
    const by = gains(2, 40);
    const residual: Nodes = [
      ["MatMul", ["n", "square"], ["a"], { name: "reads" }],
      ["Add", ["a", "n"], ["y"], { name: "add" }],
    ];
    const square = noise([CHANNELS, CHANNELS], 3);
    const held = findings(dims, [norm, ...residual], { ...common, gamma: row(by), square }, { n: scaled(by) });
    expect(held.map(({ cause, remedy }) => [cause, remedy])).toEqual([["outlier-channels", null]]);
    const second: Nodes = [
      ["MatMul", ["n", "w"], ["a"], { name: "reads" }],
      ["MatMul", ["n", "w"], ["b"], { name: "reads too" }],
      ["Add", ["a", "b"], ["y"], { name: "add" }],
    ];
    const found = findings(dims, [norm, ...second], { ...common, gamma: row(by) }, { n: scaled(by) });
    expect(found.map(({ cause, remedy }) => [cause, remedy?.edit.kind])).toEqual([
      ["outlier-channels", "equalization"],
    ]);
  });

  it("are nothing where they are alike, where none is normalized, and where some are small", () => {
    const by = gains(2, 2);
    expect(findings(dims, [norm, matmul], { ...common, gamma: row(by) }, { n: scaled(by) })).toEqual([]);
    const far = gains(2, 40);
    const mul: Nodes = [["Mul", ["x", "factor"], ["n"], { name: "mul" }], matmul];
    expect(findings(dims, mul, { ...common, factor: row(far) }, { n: scaled(far) })).toEqual([]);
    const small = gains(4, 0.005);
    expect(findings(dims, [norm, matmul], { ...common, gamma: row(small) }, { n: scaled(small) })).toEqual([]);
  });
});

describe("matrices of one constant that share scales", () => {
  const sizes = (factors: readonly number[]): Tensor => {
    const each = noise([factors.length, 6, 5], 5);
    return { ...each, data: (each.data as Float32Array).map((w, i) => w * factors[Math.floor(i / 30)]!) };
  };
  const of = (factors: readonly number[]) =>
    findings(
      [factors.length, 4, 6],
      [["MatMul", ["x", "w"], ["y"], { name: "heads" }]],
      { w: sizes(factors) },
      { x: gaussian },
    );

  it("are found where their sizes differ, with the layer in float as the remedy", () => {
    const [finding, ...others] = of([1, 0.01, 0.5]);
    expect(others).toEqual([]);
    expect(finding).toMatchObject({
      layer: "heads",
      cause: "batch-spread",
      sentence: expect.stringMatching(/^The matrices of this weight differ \d+(\.\d+)?x, but share their scales\.$/),
      figure: expect.stringMatching(/^3 matrices of 0\.00\d+ to 0\.9\d+, SQNR .* as a whole, mean .* dB$/),
      remedy: { edit: { kind: "float", layer: "heads" } },
    });
    expect(finding!.loss).toBeGreaterThan(5);
  });

  it("are nothing where sizes are alike, and where one is all zero", () => {
    expect(of([1, 0.8, 0.5])).toEqual([]);
    expect(of([1, 0, 0.5])).toEqual([]);
  });
});
