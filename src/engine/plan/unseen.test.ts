import { expect, it } from "vitest";
import { makeNode } from "../onnx/attributes.ts";
import { GraphIndex } from "../onnx/graph.ts";
import { buildModel, floatInput } from "../onnx/testing/build.ts";
import { leastRanges, probabilityTensors } from "./unseen.ts";

const LENGTH = 20000;

it("goes through chains of any length, before the Sigmoid and after it", () => {
  const chain = (operator: string, from: string, to: string) =>
    Array.from({ length: LENGTH }, (_, i) =>
      makeNode(operator, [i === 0 ? from : `${to}${i - 1}`], [`${to}${i}`], { name: `${to}${i}` }),
    );
  const { graph } = buildModel({
    opset: 17,
    inputs: [floatInput("x", [4])],
    outputs: [`a${LENGTH - 1}`],
    nodes: [
      ...chain("Transpose", "x", "t"),
      makeNode("Sigmoid", [`t${LENGTH - 1}`], ["p"], { name: "p" }),
      ...chain("Sqrt", "p", "a"),
    ],
    constants: {},
  });
  const index = new GraphIndex(graph!);
  expect(leastRanges(index).size).toBe(LENGTH + 1);
  expect(probabilityTensors(index).size).toBe(LENGTH + 1);
});
