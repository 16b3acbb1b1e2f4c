import { describe, expect, test } from "vitest";
import type { Tensor } from "../model/tensor.ts";
import { intAttribute, makeNode } from "../onnx/attributes.ts";
import type { NodeProto } from "../onnx/proto/onnx_pb.ts";
import { buildModel, floatInput, noise } from "../onnx/testing/build.ts";
import { type Choices, leastSqnr, tryOut } from "./testing/trial.ts";

/** Weights that one scale for the whole tensor cannot hold: the channels are a thousand apart. */
function steepWeights(dims: readonly number[], axis: 0 | 1): Tensor {
  const tensor = noise(dims, 5);
  const inner = dims.slice(axis + 1).reduce((product, dim) => product * dim, 1);
  const channels = dims[axis] ?? 1;
  const data = (tensor.data as Float32Array).map(
    (value, i) => value * 1000 ** -((Math.floor(i / inner) % channels) / channels),
  );
  return { ...tensor, data };
}

const convs: Readonly<Record<string, { node: (inputs: string[]) => NodeProto; weights: Tensor }>> = {
  Conv: {
    node: (inputs) => makeNode("Conv", inputs, ["b"], { name: "middle" }),
    weights: steepWeights([8, 8, 1, 1], 0),
  },
  "depthwise Conv": {
    node: (inputs) => makeNode("Conv", inputs, ["b"], { name: "middle", attributes: [intAttribute("group", 8)] }),
    weights: steepWeights([8, 1, 1, 1], 0),
  },
  ConvTranspose: {
    node: (inputs) => makeNode("ConvTranspose", inputs, ["b"], { name: "middle" }),
    weights: steepWeights([8, 8, 1, 1], 1),
  },
};

const WIDE = { activations: { type: "uint16", symmetric: false } } as const;

/** Where ONNX Runtime reads the file, and how many bits the activations around the layer have. */
const PLACES: readonly (readonly [string, Choices])[] = [
  ["ONNX Runtime", {}],
  ["ONNX Runtime, in 16 bits", WIDE],
  ["ONNX Runtime, beside layers in 16 bits", { wide: ["first", "last"] }],
  ["QNN", { target: "qnn", elementwise: "join" }],
  ["TensorRT", { target: "tensorrt", elementwise: "join", activations: { type: "int8", symmetric: true } }],
  ["OpenVINO", { target: "openvino", elementwise: "join" }],
  ["QNN, in 16 bits", { target: "qnn", elementwise: "join", ...WIDE }],
];

describe("a layer left in float between rounded ones", () => {
  for (const [name, { node, weights }] of Object.entries(convs)) {
    for (const [bias, [place, choices]] of [true, false].flatMap((each) => PLACES.map((at) => [each, at] as const))) {
      test(`${name} ${bias ? "with" : "without"} a bias keeps its float weights in ${place}`, async () => {
        const model = buildModel({
          opset: 13,
          inputs: [floatInput("x", [1, 8, 4, 4])],
          outputs: ["b_relu", "y"],
          nodes: [
            makeNode("Conv", ["x", "w1"], ["a"], { name: "first" }),
            node(["a", "w2", ...(bias ? ["b2"] : [])]),
            makeNode("Relu", ["b"], ["r"], { name: "relu" }),
            makeNode("Conv", ["r", "w3"], ["y"], { name: "last" }),
            makeNode("Mul", ["a", "a"], ["b_relu"], { name: "other" }),
          ],
          constants: {
            w1: noise([8, 8, 1, 1], 2),
            w2: weights,
            b2: { type: "float32", dims: [8], data: (noise([8], 3).data as Float32Array).map((value) => value * 0.01) },
            w3: noise([8, 8, 1, 1], 4),
          },
        });
        const trial = await tryOut(model, { ...choices, float: { layers: ["middle"] } });
        expect(trial.plan.layers.find(({ id }) => id === "middle")?.precision).toBe("float32");
        expect(leastSqnr(trial)).toBeGreaterThan(20);
        const { optimized, literal } = trial.sqnr.y as { optimized: number; literal: number };
        expect(Math.abs(optimized - literal)).toBeLessThan(0.1);
      });
    }
  }
});

/** The first output channel, along `axis`, is always 0. */
function deadFirst(dims: readonly number[], axis: 0 | 1): Tensor {
  const tensor = noise(dims, 2);
  const data = (tensor.data as Float32Array).map((value, at) =>
    (axis === 0 ? Math.floor(at / 8) : at % 8) === 0 ? 0 : value,
  );
  return { ...tensor, data };
}

const ENDS = (dims: readonly number[]) => ({ opset: 13, inputs: [floatInput("x", dims)], outputs: ["y"] });

const IN_INTEGERS: readonly (readonly [string, Choices])[] = [
  ["int4", { weights: { type: "int4", granularity: "channel", rounding: "nearest" } }],
  ["int4 by tensor", { weights: { type: "int4", granularity: "tensor", rounding: "nearest" } }],
  ["int8, activations in 16 bits", WIDE],
];

/** Layers whose second weight is large and multiplies a channel that is always 0. */
const STEEP: Readonly<Record<string, (weight: Tensor, bias: Tensor) => Parameters<typeof buildModel>[0]>> = {
  Conv: (w2, b2) => ({
    ...ENDS([1, 8, 4, 4]),
    nodes: [
      makeNode("Conv", ["x", "w1"], ["a"], { name: "first" }),
      makeNode("Relu", ["a"], ["r"], { name: "relu" }),
      makeNode("Conv", ["r", "w2", "b2"], ["b"], { name: "middle", attributes: [intAttribute("group", 8)] }),
      makeNode("Relu", ["b"], ["s"], { name: "relu2" }),
      makeNode("Conv", ["s", "w3"], ["y"], { name: "last" }),
    ],
    constants: {
      w1: deadFirst([8, 8, 1, 1], 0),
      w2: { ...w2, dims: [8, 1, 1, 1], data: w2.data.slice(0, 8) as never },
      b2,
      w3: noise([8, 8, 1, 1], 4),
    },
  }),
  "grouped ConvTranspose": (w2, b2) => ({
    ...ENDS([1, 8, 4, 4]),
    nodes: [
      makeNode("Conv", ["x", "w1"], ["a"], { name: "first" }),
      makeNode("Relu", ["a"], ["r"], { name: "relu" }),
      makeNode("ConvTranspose", ["r", "w2", "b2"], ["b"], { name: "middle", attributes: [intAttribute("group", 2)] }),
      makeNode("Relu", ["b"], ["s"], { name: "relu2" }),
      makeNode("Conv", ["s", "w3"], ["y"], { name: "last" }),
    ],
    constants: {
      w1: deadFirst([8, 8, 1, 1], 0),
      w2: { ...w2, dims: [8, 4, 1, 1], data: w2.data.slice(0, 32) as never },
      b2,
      w3: noise([8, 8, 1, 1], 4),
    },
  }),
  Gemm: (w2, b2) => ({
    ...ENDS([4, 8]),
    nodes: [
      makeNode("MatMul", ["x", "w1"], ["a"], { name: "first" }),
      makeNode("Relu", ["a"], ["r"], { name: "relu" }),
      makeNode("Gemm", ["r", "w2", "b2"], ["b"], { name: "middle" }),
      makeNode("Relu", ["b"], ["s"], { name: "relu2" }),
      makeNode("MatMul", ["s", "w3"], ["y"], { name: "last" }),
    ],
    constants: { w1: deadFirst([8, 8], 1), w2: { ...w2, dims: [8, 8] }, b2, w3: noise([8, 8], 4) },
  }),
  "MatMul and Add": (w2, b2) => ({
    ...ENDS([4, 8]),
    nodes: [
      makeNode("MatMul", ["x", "w1"], ["a"], { name: "first" }),
      makeNode("Relu", ["a"], ["r"], { name: "relu" }),
      makeNode("MatMul", ["r", "w2"], ["m"], { name: "middle" }),
      makeNode("Add", ["m", "b2"], ["b"], { name: "add" }),
      makeNode("Relu", ["b"], ["s"], { name: "relu2" }),
      makeNode("MatMul", ["s", "w3"], ["y"], { name: "last" }),
    ],
    constants: { w1: deadFirst([8, 8], 1), w2: { ...w2, dims: [8, 8] }, b2, w3: noise([8, 8], 4) },
  }),
};

async function expectBias(
  built: (typeof STEEP)[string],
  choices: Choices,
  weight: Tensor,
  bias: readonly number[],
): Promise<{ readonly optimized: number; readonly literal: number }> {
  const b2: Tensor = { type: "float32", dims: [8], data: Float32Array.from(bias) };
  const trial = await tryOut(buildModel(built(weight, b2)), choices);
  const { optimized, literal } = trial.sqnr.y as { optimized: number; literal: number };
  expect(Math.abs(optimized - literal)).toBeLessThan(0.1);
  return { optimized, literal };
}

describe("a layer whose weights in integers are multiplied as float", () => {
  for (const [operator, built] of Object.entries(STEEP)) {
    for (const [weights, choices] of IN_INTEGERS) {
      test(`${operator}, in ${weights}, keeps its bias, however large a weight is that multiplies nothing`, async () => {
        const steep = noise([64], 5);
        (steep.data as Float32Array)[0] = 300;
        await expectBias(built, choices, steep, [0.27, 0.1, 0.2, -0.1, 0.3, 0.2, 0.1, 0.4]);
      });

      test(`${operator}, in ${weights}, keeps its bias beside a channel that is masked`, async () => {
        const { literal } = await expectBias(
          built,
          choices,
          noise([64], 5),
          [0.27, -1e9, 0.2, -0.1, 0.3, 0.2, 0.1, 0.4],
        );
        const plain = await expectBias(built, choices, noise([64], 5), [0.27, -10, 0.2, -0.1, 0.3, 0.2, 0.1, 0.4]);
        expect(literal).toBeGreaterThan(plain.literal - 0.5);
      });
    }
  }
});
