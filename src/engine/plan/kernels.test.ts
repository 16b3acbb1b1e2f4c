import { expect, test } from "vitest";
import { PLAIN_RECIPE } from "../model/testing/recipe.ts";
import { intAttribute, makeNode, stringAttribute } from "../onnx/attributes.ts";
import { buildModel, floatInput, noise } from "../onnx/testing/build.ts";
import { ORT } from "../targets/ort.ts";
import { floatKernels } from "./kernels.ts";
import { planQuantization } from "./plan.ts";

const node = (opType: string, inputs: readonly string[], output: string, attributes = [stringAttribute("note", "")]) =>
  makeNode(opType, inputs, [output], { name: output, attributes });

const NODES = [
  node("Conv", ["x", "v"], "a"),
  node("Relu", ["a"], "b"),
  node("ConvTranspose", ["b", "v"], "up"),
  node("Relu", ["up"], "r"),
  node("Resize", ["r", "", "s"], "big", [stringAttribute("mode", "linear")]),
  node("Pad", ["big"], "p"),
  node("MaxPool", ["p"], "m"),
  node("Conv", ["m", "v"], "c"),
  node("Sin", ["c"], "out"),
];

function kernels(choices: Partial<Parameters<typeof planQuantization>[2]> = {}, nodes = NODES) {
  const { graph } = buildModel({
    opset: 17,
    inputs: [floatInput("x", [1, 4, 6, 6])],
    outputs: ["out"],
    nodes,
    constants: {
      v: noise([4, 4, 1, 1]),
      s: noise([4]),
      w: noise([6, 6]),
      large: noise([1, 32, 64]),
      again: noise([1, 32, 8]),
    },
  });
  const types = new Map(["x", ...nodes.flatMap(({ output }) => output)].map((name) => [name, "float32" as const]));
  return floatKernels(planQuantization(graph!, types, { ...PLAIN_RECIPE, ...choices }, ORT));
}

test("what has no integer kernel is told, with what follows it; what moves codes, and what stays in float anyway, is not", () => {
  expect(kernels()).toEqual(["up", "r", "big", "p"]);
});

test("weights alone, and in int4, are computed in float wherever they are", () => {
  expect(kernels({ format: "weights" })).toEqual(["a", "up", "c"]);
  expect(kernels({ weights: { ...PLAIN_RECIPE.weights, type: "int4" } })).toEqual([
    "a",
    "b",
    "up",
    "r",
    "big",
    "p",
    "c",
  ]);
});

test("a product whose weight comes first is computed in float, and a clamp after it with it", () => {
  const nodes = [
    node("MatMul", ["w", "x"], "first"),
    node("Relu", ["first"], "clamped"),
    node("Add", ["clamped", "clamped"], "sum"),
    node("MatMul", ["sum", "w"], "second"),
    node("Sin", ["second"], "out"),
  ];
  expect(kernels({}, nodes)).toEqual(["first", "clamped"]);
});

test("recurrent layers that keep nothing in 8 bits but weights are computed in float, and those that keep none are not quantized", () => {
  const recurrent = (name: string, weights: readonly string[]) =>
    makeNode("LSTM", ["seq", ...weights], [name], { name, attributes: [intAttribute("hidden_size", 8)] });
  const nodes = [
    node("MatMul", ["x", "w"], "seq"),
    recurrent("kept", ["large", "again"]),
    recurrent("whole", ["seq", "seq"]),
    node("Add", ["kept", "whole"], "out"),
  ];
  expect(kernels({}, nodes)).toEqual(["kept"]);
});
