import { expect, test } from "vitest";
import type { Tensor } from "../model/tensor.ts";
import { makeNode } from "../onnx/attributes.ts";
import { buildModel, floatInput } from "../onnx/testing/build.ts";
import { observationPlan } from "./observation.ts";

const scalar = (value: number): Tensor => ({ type: "float32", dims: [], data: Float32Array.of(value) });

test("derives clamps, movers and concatenations of watched tensors, and nothing else", () => {
  const nodes = [
    makeNode("Conv", ["x", "w"], ["a"]),
    makeNode("Relu", ["a"], ["relu"]),
    makeNode("Clip", ["a", "zero", "six"], ["relu6"]),
    makeNode("Clip", ["a", "", "six"], ["upper"]),
    makeNode("Clip", ["a", "computed", "six"], ["open"]),
    makeNode("Clip", ["a", "six", "zero"], ["upside-down"]),
    makeNode("Concat", ["relu", "relu6", "a"], ["joined"]),
    makeNode("Concat", ["relu", "w"], ["with constant"]),
    makeNode("Concat", ["relu", "unwatched"], ["with unwatched"]),
    makeNode("Transpose", ["joined"], ["moved"]),
    makeNode("Dropout", ["moved", "rate"], ["kept", "mask"]),
    makeNode("Dropout", ["moved", "rate", "training"], ["dropped"]),
    makeNode("MaxPool", ["a"], ["pooled"]),
    makeNode("Relu", ["a"], ["foreign"], { domain: "com.example" }),
  ];
  const model = buildModel({
    opset: 13,
    inputs: [floatInput("x", [1])],
    outputs: ["moved"],
    nodes,
    constants: { w: scalar(1), zero: scalar(-0), six: scalar(6) },
  });
  const watch = ["x", ...nodes.flatMap(({ output }) => output)];
  const { derived } = observationPlan(model, watch);
  expect(derived).toEqual([
    { tensor: "relu", from: ["a"], clamp: { low: 0, high: Infinity } },
    { tensor: "relu6", from: ["a"], clamp: { low: 0, high: 6 } },
    { tensor: "upper", from: ["a"], clamp: { low: -Infinity, high: 6 } },
    { tensor: "joined", from: ["relu", "relu6", "a"], clamp: null },
    { tensor: "moved", from: ["joined"], clamp: null },
    { tensor: "kept", from: ["moved"], clamp: null },
  ]);
});

test("derives only from what is watched before", () => {
  const nodes = [makeNode("Relu", ["x"], ["y"])];
  const model = buildModel({ opset: 13, inputs: [floatInput("x", [1])], outputs: ["y"], nodes });
  expect(observationPlan(model, ["y"])).toEqual({ watch: ["y"], derived: [], seldom: [] });
});
