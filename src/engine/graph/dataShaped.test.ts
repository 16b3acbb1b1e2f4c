import { expect, test } from "vitest";
import { intAttribute, makeNode } from "../onnx/attributes.ts";
import { vector } from "../onnx/tensor.ts";
import { buildModel, floatInput } from "../onnx/testing/build.ts";
import { dataShaped, dataShapedOutputs } from "./dataShaped.ts";
import { graphOf } from "./pass.ts";

test("sizes that data decides are followed as far as results have them", () => {
  const model = buildModel({
    opset: 13,
    inputs: [floatInput("x", [4, 3])],
    outputs: ["where", "rows", "scaled", "scattered", "summed", "constant"],
    nodes: [
      makeNode("NonZero", ["x"], ["places"]),
      makeNode("Transpose", ["places"], ["where"]),
      makeNode("GatherND", ["x", "where"], ["rows"]),
      makeNode("Mul", ["rows", "two"], ["scaled"]),
      makeNode("ScatterND", ["x", "where", "rows"], ["scattered"]),
      makeNode("ReduceSum", ["rows"], ["summed"], { attributes: [intAttribute("keepdims", 0)] }),
      makeNode("NonZero", ["known"], ["constant"]),
    ],
    constants: { two: vector("float32", [2]), known: vector("float32", [0, 1]) },
  });
  expect([...dataShaped(graphOf(model))]).toEqual(["places", "where", "rows", "scaled"]);
  expect([...dataShapedOutputs(model)]).toEqual(["where", "rows", "scaled"]);
});
