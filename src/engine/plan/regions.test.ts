import { describe, expect, it } from "vitest";
import { PLAIN_RECIPE } from "../model/testing/recipe.ts";
import { intAttribute, makeNode } from "../onnx/attributes.ts";
import type { NodeProto } from "../onnx/proto/onnx_pb.ts";
import { buildModel, floatInput, noise } from "../onnx/testing/build.ts";
import { ORT } from "../targets/ort.ts";
import { elementwiseCost } from "./cost.ts";
import { planQuantization, type QuantizationPlan } from "./plan.ts";
import { regionsOf } from "./regions.ts";

const node = (opType: string, inputs: readonly string[], output: string, attributes = [] as never[]) =>
  makeNode(opType, inputs, [output], { name: output, attributes });
const conv = (input: string, output: string) => node("Conv", [input, "v"], output);

function planOf(
  nodes: readonly NodeProto[],
  outputs: readonly string[],
  choices: Partial<Parameters<typeof planQuantization>[2]> = {},
): QuantizationPlan {
  const { graph } = buildModel({
    opset: 17,
    inputs: [floatInput("x", [1, 4, 6, 6])],
    outputs,
    nodes,
    constants: { v: noise([4, 4, 1, 1]) },
  });
  const names = ["x", ...nodes.flatMap(({ output }) => output)];
  const types = new Map(names.map((name) => [name, "float32" as const]));
  return planQuantization(graph!, types, { ...PLAIN_RECIPE, ...choices }, ORT);
}

/** Two branches added, moved and scaled; a weighted layer; a pool at the end. */
const NET = [
  conv("x", "a"),
  conv("x", "b"),
  node("Add", ["a", "b"], "sum"),
  node("Relu", ["sum"], "r"),
  node("Transpose", ["r"], "t"),
  node("Sigmoid", ["t"], "s"),
  conv("s", "c"),
  node("Mul", ["c", "c"], "m"),
  conv("m", "d"),
  node("GlobalAveragePool", ["d"], "out"),
];

describe("regions of layers without weights", () => {
  it("are connected through what moves and clamps, and end at weights", () => {
    expect(regionsOf(planOf(NET, ["out"]))).toEqual([
      { layers: ["sum", "s"], givesOutput: false },
      { layers: ["m"], givesOutput: false },
      { layers: ["out"], givesOutput: true },
    ]);
  });

  it("give an output of the model through float layers too", () => {
    const nodes = [
      conv("x", "a"),
      node("Mul", ["a", "a"], "m"),
      node("Sin", ["m"], "f"),
      node("Flatten", ["f"], "out"),
    ];
    expect(regionsOf(planOf(nodes, ["out"]))).toEqual([{ layers: ["m"], givesOutput: true }]);
  });

  it("hold products of two activations, and nothing that is not quantized", () => {
    const nodes = [
      conv("x", "a"),
      node("MatMul", ["a", "a"], "p"),
      node("Softmax", ["p"], "q"),
      node("Div", ["q", "q"], "o"),
      conv("o", "out"),
    ];
    expect(regionsOf(planOf(nodes, ["out"]))).toEqual([{ layers: ["p", "q"], givesOutput: false }]);
    const left = { float: { ...PLAIN_RECIPE.float, layers: ["p", "q"] } };
    expect(regionsOf(planOf(nodes, ["out"], left))).toEqual([]);
  });
});

describe("layers without weights", () => {
  const reasons = ({ layers }: QuantizationPlan) =>
    Object.fromEntries(layers.flatMap(({ id, reason }) => (reason ? [[id, reason.code]] : [])));

  it("stay in float where the recipe asks for it, and what only follows them too; layers with weights do not", () => {
    expect(reasons(planOf(NET, ["out"], { elementwise: "float" }))).toEqual({
      sum: "recipe-elementwise",
      r: "input",
      t: "input",
      s: "recipe-elementwise",
      m: "recipe-elementwise",
      out: "recipe-elementwise",
    });
  });

  it("stay in float one by one as was decided; where nothing was, all are quantized", () => {
    const decided = planOf(NET, ["out"], { elementwise: "auto", unjoined: ["m", "gone"] });
    expect(reasons(decided)).toEqual({ m: "decided" });
    expect(reasons(planOf(NET, ["out"], { elementwise: "auto", unjoined: null }))).toEqual({});
    expect(reasons(planOf(NET, ["out"], { elementwise: "join", unjoined: ["m"] }))).toEqual({});
  });

  it("keep the bias that follows a MatMul, and a clamp after a Conv, with it", () => {
    const { graph } = buildModel({
      opset: 17,
      inputs: [floatInput("x", [2, 4])],
      outputs: ["out"],
      nodes: [
        node("MatMul", ["x", "w"], "m"),
        node("Add", ["m", "b"], "a"),
        node("Relu", ["a"], "r"),
        node("MatMul", ["r", "w"], "out"),
      ],
      constants: { w: noise([4, 4]), b: noise([4]) },
    });
    const types = new Map(["x", "m", "a", "r", "out"].map((name) => [name, "float32" as const]));
    expect(reasons(planQuantization(graph!, types, { ...PLAIN_RECIPE, elementwise: "float" }, ORT))).toEqual({});
  });
});

describe("the cost of layers without weights", () => {
  const cost = (nodes: readonly NodeProto[], outputs: readonly string[], unjoined: readonly string[], size = 1e5) =>
    elementwiseCost(planOf(nodes, outputs, { elementwise: "auto", unjoined }), () => size);

  it("is less where an operator with a quick integer kernel stands between integer layers", () => {
    expect(cost(NET, ["out"], [])).toBeLessThan(cost(NET, ["out"], ["sum", "s"]));
  });

  it("is more where the runtime has no integer kernel, or a slow one", () => {
    const softmax = [
      conv("x", "a"),
      node("Softmax", ["a"], "s", [intAttribute("axis", 1)] as never[]),
      conv("s", "out"),
    ];
    expect(cost(softmax, ["out"], [])).toBeGreaterThan(cost(softmax, ["out"], ["s"]));
    const resize = [conv("x", "a"), node("Pad", ["a", "", "v"], "p"), conv("p", "out")];
    expect(planOf(resize, ["out"]).layers[1]?.reason).toBeNull();
    expect(cost(resize, ["out"], [])).toBeGreaterThanOrEqual(cost(resize, ["out"], ["p"]));
  });

  it("counts layers where tensors are small", () => {
    expect(cost(NET, ["out"], ["m"], 1)).toBeGreaterThan(cost(NET, ["out"], [], 1));
  });
});
