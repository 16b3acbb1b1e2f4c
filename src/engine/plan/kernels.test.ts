import { expect, test } from "vitest";
import { PLAIN_RECIPE } from "../model/testing/recipe.ts";
import { intAttribute, makeNode, stringAttribute } from "../onnx/attributes.ts";
import { buildModel, floatInput, noise } from "../onnx/testing/build.ts";
import { ORT } from "../targets/ort.ts";
import type { DataType } from "../values/elementTypes.ts";
import { integerAnyway } from "./integerAnyway.ts";
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

type Choices = Partial<Parameters<typeof planQuantization>[2]>;

function planned(choices: Choices, nodes: typeof NODES, shapes: Readonly<Record<string, (number | string)[]>> = {}) {
  const { graph } = buildModel({
    opset: 17,
    inputs: [floatInput("x", [1, 4, 6, 6])],
    outputs: ["out"],
    nodes,
    constants: {
      v: noise([4, 4, 1, 1]),
      s: noise([4]),
      w: noise([6, 6]),
      bias: noise([6]),
      large: noise([1, 32, 64]),
      again: noise([1, 32, 8]),
    },
  });
  const types = new Map<string, DataType>(
    ["x", ...nodes.flatMap(({ output }) => output)].map((name) => [name, "float32"]),
  );
  const plan = planQuantization(graph!, types, { ...PLAIN_RECIPE, ...choices }, ORT, (name) => shapes[name]);
  return { plan, types };
}

const kernels = (choices: Choices = {}, nodes = NODES, shapes = {}) =>
  floatKernels(planned(choices, nodes, shapes).plan);

const anyway = (choices: Choices, nodes: typeof NODES) => {
  const { plan, types } = planned(choices, nodes);
  return [...integerAnyway(plan, types)];
};

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

test.each([
  ["two", ["N", 6], []],
  ["known", [2, 4, 6], []],
  ["open", [2, "N", 6], ["added", "clamped"]],
  ["unknown", [], ["added", "clamped"]],
])(
  "the bias of a product is added in float, and clamped there, unless its dimensions are two or known: %s",
  (_, dims, float) => {
    const nodes = [
      node("MatMul", ["x", "w"], "product"),
      node("Add", ["product", "bias"], "added"),
      node("Relu", ["added"], "clamped"),
      node("MatMul", ["clamped", "w"], "out"),
    ];
    expect(kernels({}, nodes, { x: dims })).toEqual(float);
    expect(kernels({ format: "qoperator" }, nodes, { x: dims })).toEqual(["added", "clamped"]);
  },
);

test("a convolution whose result stays in float is computed in float, a product is not", () => {
  const nodes = [
    node("Conv", ["x", "v"], "a"),
    node("Relu", ["a"], "r"),
    node("MatMul", ["r", "w"], "p"),
    node("Sin", ["p"], "out"),
  ];
  const float = { layers: [], operators: [], tensors: ["r"] };
  expect(kernels({ float }, nodes)).toEqual(["a", "r"]);
  expect(kernels({}, nodes)).toEqual([]);
});

test("a clamp that saturating does not do is computed in float; its convolution too where it is not rounded before, as in recipes of before", () => {
  const nodes = [node("Conv", ["x", "v"], "a"), node("Relu", ["a"], "r"), node("Conv", ["r", "v"], "out")];
  const symmetric = { type: "uint8", symmetric: true } as const;
  expect(kernels({ elementwise: "auto", activations: symmetric }, nodes)).toEqual(["r"]);
  expect(kernels({ elementwise: "join", activations: symmetric }, nodes)).toEqual(["a", "r"]);
  expect(kernels({ format: "qoperator", activations: symmetric }, nodes)).toEqual([]);
});

test("int8 activations that two layers read are not those of any other: what reads or makes them is computed in float", () => {
  const nodes = [
    node("Conv", ["x", "v"], "once"),
    node("Conv", ["once", "v"], "twice"),
    node("Conv", ["twice", "v"], "left"),
    node("Add", ["twice", "left"], "sum"),
    node("Conv", ["sum", "v"], "out"),
  ];
  const activations = { type: "int8", symmetric: false } as const;
  expect(kernels({ activations }, nodes)).toEqual(["twice", "left", "sum"]);
  expect(kernels({ activations, format: "qoperator" }, nodes)).toEqual([]);
  expect(kernels({}, nodes)).toEqual([]);
});

test("layers in float between rounded values run on codes all the same, with a clamp after them, unless one in float reads the result", () => {
  const nodes = (end: string) => [
    node("Conv", ["x", "v"], "a"),
    node("Conv", ["a", "v"], "b"),
    node("Add", ["a", "b"], "sum"),
    node("Relu", ["sum"], "r"),
    node("Conv", ["r", "v"], "c"),
    node("Sin", [end], "out"),
  ];
  expect(anyway({ elementwise: "float" }, nodes("c"))).toEqual(["sum", "r"]);
  expect(anyway({ elementwise: "float" }, nodes("r"))).toEqual([]);
  expect(anyway({ elementwise: "join" }, nodes("c"))).toEqual([]);
});

test("what moves values in float moves codes where they are rounded after it, and where it alone reads rounded ones", () => {
  const before = (source: string) => [
    node("Sin", ["x"], "s"),
    node("Transpose", ["s"], "t"),
    node("Identity", ["t"], "same"),
    node("Squeeze", ["same"], "q"),
    node("Conv", ["q", "v"], "c"),
    node("Cos", [source], "out"),
  ];
  expect(anyway({}, before("c")).sort()).toEqual(["q", "t"]);
  expect(anyway({}, before("t"))).toEqual(["q"]);
  expect(anyway({}, before("q"))).toEqual([]);
  const after = [node("Conv", ["x", "v"], "c"), node("Conv", ["c", "v"], "d"), node("Transpose", ["d"], "t")];
  const float = { layers: ["t"], operators: [], tensors: [] };
  expect(anyway({ float }, [...after, node("Sin", ["t"], "out")])).toEqual(["t"]);
});
