import { expect, test } from "vitest";
import { makeNode } from "../onnx/attributes.ts";
import { buildModel, floatInput } from "../onnx/testing/build.ts";
import { dropEmptyOutputs } from "./cleanup.ts";

test("empty names go off the end of outputs that are optional, and stay where their number or place counts", () => {
  const nodes = [
    makeNode("MaxPool", ["x"], ["m", ""]),
    makeNode("LSTM", ["m"], ["", "h", ""]),
    makeNode("Dropout", ["h"], ["d", "mask"]),
    makeNode("Split", ["d"], ["s", ""]),
    makeNode("MaxPool", ["s"], ["out", ""], { domain: "com.example" }),
  ];
  const model = buildModel({ opset: 13, inputs: [floatInput("x", [1])], outputs: ["out"], nodes });
  expect(dropEmptyOutputs(model).graph?.node.map(({ output }) => output)).toEqual([
    ["m"],
    ["", "h"],
    ["d", "mask"],
    ["s", ""],
    ["out", ""],
  ]);
});
