import { describe, expect, it } from "vitest";
import { optimizedOperators } from "../graph/testing/native.ts";
import { intAttribute, makeNode } from "../onnx/attributes.ts";
import type { NodeProto } from "../onnx/proto/onnx_pb.ts";
import { vector } from "../onnx/tensor.ts";
import { buildModel, floatInput, noise } from "../onnx/testing/build.ts";
import { leastSqnr, tryOut } from "./testing/trial.ts";

const node = (
  opType: string,
  inputs: readonly string[],
  output: string,
  attributes = [] as ReturnType<typeof intAttribute>[],
) => makeNode(opType, inputs, [output], { name: output, attributes });
const conv = (input: string, output: string) => node("Conv", [input, "v"], output);

function model(nodes: readonly NodeProto[]) {
  const indices = Array.from({ length: 144 }, (_, i) => i % 4);
  return buildModel({
    opset: 17,
    inputs: [floatInput("x", [1, 4, 6, 6])],
    outputs: ["out"],
    nodes,
    constants: {
      v: noise([4, 4, 1, 1], 9),
      zero: vector("float32", [0]),
      at: { ...vector("int64", indices), dims: [1, 4, 6, 6] },
    },
  });
}

/** Condition computed at run time, values of two layers or of a layer and a constant. */
const CASES: readonly (readonly [name: string, nodes: readonly NodeProto[], kernel: string])[] = [
  [
    "Where of two layers",
    [
      conv("x", "a"),
      conv("x", "b"),
      node("Greater", ["x", "zero"], "c"),
      node("Where", ["c", "a", "b"], "w"),
      conv("w", "out"),
    ],
    "QLinearWhere",
  ],
  [
    "Where of a layer and a constant",
    [conv("x", "a"), node("Greater", ["x", "zero"], "c"), node("Where", ["c", "a", "zero"], "w"), conv("w", "out")],
    "QLinearWhere",
  ],
  [
    "GatherElements",
    [conv("x", "a"), node("GatherElements", ["a", "at"], "w", [intAttribute("axis", 1)]), conv("w", "out")],
    "GatherElements",
  ],
];

describe("operators that recipes of before left in float", () => {
  it.each(CASES)("%s runs on codes where all join or it was decided", async (_, nodes, kernel) => {
    const trial = await tryOut(model(nodes), { elementwise: "auto" });
    expect(trial.plan.layers.find(({ id }) => id === "w")?.reason).toBeNull();
    expect(leastSqnr(trial)).toBeGreaterThan(30);
    const operators = await optimizedOperators(trial.model);
    expect(operators).toContain(kernel);
    const dequantized = operators.filter((operator) => operator === "DequantizeLinear").length;
    expect(dequantized).toBeLessThanOrEqual(1);
  });

  it.each(CASES)("%s stays in float in a recipe of before, which joins what it knew", async (_, nodes) => {
    const trial = await tryOut(model(nodes), { elementwise: "join" });
    expect(trial.plan.layers.find(({ id }) => id === "w")?.reason).toMatchObject({ code: "no-gain" });
    expect(leastSqnr(trial)).toBeGreaterThan(30);
  });
});
