import { describe, expect, it } from "vitest";
import { makeNode } from "../onnx/attributes.ts";
import { scalar } from "../onnx/tensor.ts";
import { buildModel, floatInput } from "../onnx/testing/build.ts";
import { beforeSoftmax } from "./beforeSoftmax.ts";

const model = buildModel({
  opset: 17,
  inputs: [floatInput("x", [2, 3])],
  outputs: ["probabilities", "stored", "logarithms", "hidden", "x"],
  nodes: [
    makeNode("Relu", ["x"], ["hidden"]),
    makeNode("Softmax", ["hidden"], ["probabilities"]),
    makeNode("Softmax", ["x"], ["inner"]),
    makeNode("QuantizeLinear", ["inner", "scale"], ["codes"]),
    makeNode("DequantizeLinear", ["codes", "scale"], ["stored"]),
    makeNode("LogSoftmax", ["inner"], ["logarithms"]),
  ],
  constants: { scale: scalar("float32", 1 / 255) },
});

describe("what goes into the Softmax of an output", () => {
  it("is found behind what stores the output, and is nothing of outputs that are no probabilities", () => {
    expect(beforeSoftmax(model)).toEqual(
      new Map([
        ["probabilities", "hidden"],
        ["stored", "x"],
        ["logarithms", "inner"],
      ]),
    );
  });
});
