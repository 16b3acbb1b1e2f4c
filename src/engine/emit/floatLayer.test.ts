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
