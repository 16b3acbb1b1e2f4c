import { describe, expect, it } from "vitest";
import { floatAttribute, makeNode } from "../onnx/attributes.ts";
import { GraphIndex } from "../onnx/graph.ts";
import { scalar } from "../onnx/tensor.ts";
import { buildModel, floatInput } from "../onnx/testing/build.ts";
import { flatBelow } from "./flatBelow.ts";

type Node = Parameters<typeof makeNode>;

const constants = {
  three: scalar("float32", 3),
  six: scalar("float32", 6),
  zero: scalar("float32", 0),
  one: scalar("float32", 1),
};

function flatOf(nodes: readonly Node[], outputs = ["y"]): number | null {
  const model = buildModel({
    opset: 14,
    inputs: [floatInput("x", [1, 4])],
    outputs,
    nodes: [makeNode("Relu", ["x"], ["t"], { name: "t" }), ...nodes.map((parts) => makeNode(...parts))],
    constants,
  });
  return flatBelow("t", new GraphIndex(model.graph!));
}

const add: Node = ["Add", ["t", "three"], ["shifted"], { name: "add" }];
const clip: Node = ["Clip", ["shifted", "zero", "six"], ["gate"], { name: "clip" }];
const divided: Node = ["Div", ["gate", "six"], ["sixth"], { name: "div" }];

describe("below which value a gate makes nothing of a tensor", () => {
  it.each<[string, readonly Node[], number]>([
    ["HardSwish", [["HardSwish", ["t"], ["y"], { name: "y" }]], -3],
    ["x clip(x + 3, 0, 6)", [add, clip, ["Mul", ["t", "gate"], ["y"], { name: "y" }]], -3],
    ["(clip(x + 3, 0, 6) / 6) x", [add, clip, divided, ["Mul", ["sixth", "t"], ["y"], { name: "y" }]], -3],
    [
      "x HardSigmoid(x)",
      [
        [
          "HardSigmoid",
          ["t"],
          ["gate"],
          { name: "gate", attributes: [floatAttribute("alpha", 0.25), floatAttribute("beta", 0.5)] },
        ],
        ["Mul", ["t", "gate"], ["y"], { name: "y" }],
      ],
      -2,
    ],
  ])("in %s", (_, nodes, flat) => {
    expect(flatOf(nodes)).toBe(flat);
  });

  it.each<[string, readonly Node[], string[]?]>([
    [
      "another layer reads it",
      [add, clip, ["Mul", ["t", "gate"], ["y"], { name: "y" }], ["Neg", ["t"], ["z"], { name: "z" }]],
      ["y", "z"],
    ],
    ["the caller reads it", [add, clip, ["Mul", ["t", "gate"], ["y"], { name: "y" }]], ["y", "t"]],
    [
      "the gate is read elsewhere",
      [add, clip, ["Mul", ["t", "gate"], ["y"], { name: "y" }], ["Neg", ["gate"], ["z"], { name: "z" }]],
      ["y", "z"],
    ],
    [
      "the gate is never 0",
      [
        add,
        ["Clip", ["shifted", "one", "six"], ["gate"], { name: "clip" }],
        ["Mul", ["t", "gate"], ["y"], { name: "y" }],
      ],
    ],
    ["it is divided by the gate", [add, clip, ["Div", ["t", "gate"], ["y"], { name: "y" }]]],
    ["nothing clips", [add, ["Mul", ["t", "shifted"], ["y"], { name: "y" }]]],
  ])("none where %s", (_, nodes, outputs) => {
    expect(flatOf(nodes, outputs)).toBeNull();
  });
});
