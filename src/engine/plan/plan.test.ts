import { describe, expect, it } from "vitest";
import { type Reason, reasonText } from "../model/reason.ts";
import type { Recipe, WeightScheme } from "../model/recipe.ts";
import type { Tensor } from "../model/tensor.ts";
import { PLAIN_RECIPE } from "../model/testing/recipe.ts";
import { intAttribute, intsAttribute, makeNode } from "../onnx/attributes.ts";
import type { NodeProto } from "../onnx/proto/onnx_pb.ts";
import { scalar } from "../onnx/tensor.ts";
import { buildModel, floatInput, noise } from "../onnx/testing/build.ts";
import { ORT } from "../targets/ort.ts";
import type { DataType } from "../values/elementTypes.ts";
import { planQuantization, type QuantizationPlan } from "./plan.ts";

/** The plan of a chain of nodes whose tensors are all float32, except those of `types`. */
function plan(
  nodes: readonly NodeProto[],
  float: Partial<Parameters<typeof planQuantization>[2]["float"]> = {},
  options: {
    outputs?: readonly string[];
    constants?: Record<string, Tensor>;
    types?: Record<string, DataType>;
    weights?: Partial<WeightScheme>;
    spared?: Record<string, string>;
    elementwise?: Pick<Recipe, "elementwise" | "unjoined">;
  } = {},
): QuantizationPlan {
  const { graph } = buildModel({
    opset: 17,
    inputs: [floatInput("x", [1, 4, 6, 6])],
    outputs: options.outputs ?? ["out"],
    nodes,
    constants: { v: noise([4, 4, 1, 1]), ...options.constants },
  });
  if (!graph) throw new Error("a test model has a graph");
  const names = ["x", ...nodes.flatMap(({ output }) => output)];
  const types = new Map(names.map((name): [string, DataType] => [name, options.types?.[name] ?? "float32"]));
  return planQuantization(
    graph,
    types,
    {
      ...PLAIN_RECIPE,
      ...options.elementwise,
      weights: { ...PLAIN_RECIPE.weights, ...options.weights },
      float: { ...PLAIN_RECIPE.float, ...float },
      spared: options.spared ?? null,
    },
    ORT,
  );
}

const conv = (input: string, output: string) => makeNode("Conv", [input, "v"], [output], { name: `conv_${output}` });
const node = (opType: string, inputs: readonly string[], output: string) =>
  makeNode(opType, inputs, [output], { name: output });
const membersOf = ({ groups }: QuantizationPlan) => groups.map(({ members }) => members);
const words = (reason: Reason | null) => reason && reasonText(reason);
const reasonOf = ({ layers }: QuantizationPlan, id: string) =>
  words(layers.find((layer) => layer.id === id)?.reason ?? null);

describe("planQuantization", () => {
  it.each([
    [0, 1],
    [1, 0],
    [2, 0],
    [-1, 0],
  ])(
    "takes the channels of a Gemm's weight along its columns, and along its rows for any transB but 0: %s",
    (transB, axis) => {
      const gemm = makeNode("Gemm", ["x", "m", "b"], ["out"], { attributes: [intAttribute("transB", transB)] });
      const { layers } = plan([gemm], {}, { constants: { m: noise([5, 5]), b: noise([5]) } });
      expect(layers[0]).toMatchObject({ reason: null, weightUse: { axis, bias: { name: "b" } } });
    },
  );

  it("shares parameters along what only moves data, and gives what changes values its own", () => {
    const pool = (opType: string, input: string, output: string) =>
      makeNode(opType, [input], [output], { attributes: [intsAttribute("kernel_shape", [2, 2])] });
    const { groups } = plan([
      conv("x", "a"),
      pool("MaxPool", "a", "m"),
      node("Transpose", ["m"], "t"),
      pool("AveragePool", "t", "p"),
      node("Add", ["p", "p"], "s"),
      makeNode("Concat", ["s", "s"], ["c"], { attributes: [intAttribute("axis", 2)] }),
      conv("c", "out"),
    ]);
    expect(groups.map(({ id, members }) => [id, members])).toEqual([
      ["x", ["x"]],
      ["a", ["a", "m", "t"]],
      ["p", ["p"]],
      ["s", ["s"]],
      ["c", ["c"]],
      ["out", ["out"]],
    ]);
  });

  it("takes Relu and a MatMul's bias before the Q", () => {
    const constants = { m: noise([6, 6]), c: noise([6]) };
    const nodes = [
      node("MatMul", ["x", "m"], "a"),
      node("Add", ["a", "c"], "s"),
      node("Relu", ["s"], "r"),
      node("MatMul", ["r", "m"], "out"),
    ];
    const found = plan(nodes, {}, { constants });
    expect(membersOf(found)).toEqual([["x"], ["r"]]);
    expect(found.groups[1]?.bounds).toEqual({ low: 0, high: Infinity });
    expect(found.layers.map(({ precision }) => precision)).toEqual(["int8", "int8", "int8", "int8"]);
  });

  it("knows a Clip's bounds from inputs and attributes, and leaves bounds computed at run time", () => {
    const clip = (inputs: readonly string[]) => [conv("x", "a"), node("Clip", ["a", ...inputs], "c"), conv("c", "out")];
    const constants = { low: scalar("float32", -1), high: scalar("float32", 2) };
    const boundsOf = (inputs: readonly string[]) =>
      plan(clip(inputs), {}, { constants }).groups.find(({ id }) => id === "c")?.bounds;
    expect(boundsOf(["low", "high"])).toEqual({ low: -1, high: 2 });
    expect(boundsOf(["", "high"])).toEqual({ low: -Infinity, high: 2 });
    expect(boundsOf([])).toEqual({ low: -Infinity, high: Infinity });
    const dynamic = plan([node("ReduceMin", ["x"], "least"), ...clip(["least"])]);
    expect(reasonOf(dynamic, "c")).toBe("its bounds are computed at run time");
    expect(membersOf(dynamic)).toEqual([["x"], ["a"], ["c"], ["out"]]);
  });

  it("quantizes layers without weights whoever reads them, with parameters of their own where they change values", () => {
    const tail = plan([conv("x", "a"), node("GlobalAveragePool", ["a"], "g"), node("Flatten", ["g"], "out")]);
    expect(membersOf(tail)).toEqual([["x"], ["a"], ["g", "out"]]);
    const sum = plan([conv("x", "a"), conv("x", "b"), node("Add", ["a", "b"], "s"), node("Exp", ["s"], "out")]);
    expect(membersOf(sum)).toEqual([["x"], ["a"], ["b"], ["s"]]);
  });

  it("does not round a float tensor only to add or pool it", () => {
    const found = plan([node("Exp", ["x"], "e"), conv("x", "a"), node("Add", ["a", "e"], "s"), conv("s", "out")]);
    expect(reasonOf(found, "s")).toBe("its input e stays in float");
    expect(membersOf(found)).toEqual([["x"], ["a"], ["s"], ["out"]]);
  });

  it("quantizes neither what a MatMul gives to float layers nor the model's last Gemm", () => {
    const constants = { m: noise([6, 6]) };
    const found = plan(
      [node("MatMul", ["x", "m"], "a"), node("Exp", ["a"], "e"), node("MatMul", ["e", "m"], "out")],
      {},
      { constants },
    );
    expect(membersOf(found)).toEqual([["x"], ["e"]]);
    expect(found.layers.map(({ precision }) => precision)).toEqual(["int8", "float32", "int8"]);
  });

  describe("recipes", () => {
    const nodes = [
      conv("x", "a"),
      node("Relu", ["a"], "r"),
      conv("r", "b"),
      node("Add", ["r", "b"], "s"),
      conv("s", "out"),
    ];

    it("leaves a layer in float, its neighbours not", () => {
      const found = plan(nodes, { layers: ["conv_b"] });
      expect(reasonOf(found, "conv_b")).toBe("the recipe leaves this layer in float");
      expect(reasonOf(found, "s")).toBe("its input b stays in float");
      expect(membersOf(found)).toEqual([["x"], ["r"], ["s"], ["out"]]);
    });

    it("leaves a Relu in float: the layer before it is rounded first", () => {
      expect(membersOf(plan(nodes, { operators: ["Relu"] }))).toEqual([["x"], ["a"], ["r"], ["b"], ["s"], ["out"]]);
    });

    it("leaves an operator in float wherever it is", () => {
      const found = plan(nodes, { operators: ["Conv"] });
      expect(found.groups).toEqual([]);
      expect(reasonOf(found, "conv_a")).toBe("the recipe leaves every Conv in float");
    });

    it("leaves a tensor in float, and so the layer that reads it", () => {
      const found = plan(nodes, { tensors: ["r"] });
      expect(membersOf(found)).toEqual([["x"], ["s"], ["out"]]);
      expect(reasonOf(found, "conv_b")).toBe("the recipe leaves its input r in float");
      expect(reasonOf(found, "conv_a")).toBeNull();
    });

    it("leaves the input, and the output, in float", () => {
      expect(membersOf(plan(nodes, { tensors: ["x"] }))).toEqual([["r"], ["b"], ["s"], ["out"]]);
      expect(membersOf(plan(nodes, { tensors: ["out"] }))).toEqual([["x"], ["r"], ["b"], ["s"]]);
    });
  });

  it("says why an operator stays in float", () => {
    const found = plan(
      [
        conv("x", "a"),
        makeNode("Relu", ["a"], ["r"], { name: "r", domain: "com.example" }),
        node("Exp", ["r"], "e"),
        node("Cast", ["e"], "h"),
        node("Conv", ["h", "e"], "out"),
      ],
      {},
      { types: { out: "float16" } },
    );
    expect(found.layers.map(({ reason }) => words(reason))).toEqual([
      null,
      "com.example.Relu is not a standard operator",
      "Exp gains nothing from 8 bits",
      "Cast gains nothing from 8 bits",
      "its values are float16, not float32",
    ]);
  });
});
