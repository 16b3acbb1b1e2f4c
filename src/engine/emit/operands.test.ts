import { describe, expect, it } from "vitest";
import { optimizedOperators } from "../graph/testing/native.ts";
import { intAttribute, intsAttribute, makeNode } from "../onnx/attributes.ts";
import type { NodeProto } from "../onnx/proto/onnx_pb.ts";
import { scalar } from "../onnx/tensor.ts";
import { buildModel, floatInput, noise } from "../onnx/testing/build.ts";
import { leastSqnr, tryOut } from "./testing/trial.ts";

const node = (opType: string, inputs: readonly string[], output: string) =>
  makeNode(opType, inputs, [output], { name: output });
const clip = (input: string, high: string, output: string) => node("Clip", [input, "zero", high], output);
const pool = (input: string, output: string) =>
  makeNode("MaxPool", [input], [output], { name: output, attributes: [intsAttribute("kernel_shape", [1, 1])] });

/** Two layers, `a` and `b` made of them as is given and joined, and a layer that reads both. */
function model(made: readonly NodeProto[]) {
  return buildModel({
    opset: 17,
    inputs: [floatInput("x", [1, 4, 8, 8])],
    outputs: ["out"],
    nodes: [
      ...[node("Conv", ["x", "v"], "p"), node("Conv", ["x", "w"], "q"), ...made],
      makeNode("Concat", ["a", "b"], ["c"], { name: "c", attributes: [intAttribute("axis", 1)] }),
      node("Conv", ["c", "u"], "out"),
    ],
    constants: {
      ...{ v: noise([8, 4, 1, 1], 2), w: noise([8, 4, 1, 1], 3), u: noise([6, 16, 1, 1], 4) },
      ...{ zero: scalar("float32", 0), six: scalar("float32", 6), half: scalar("float32", 0.5) },
    },
  });
}

describe("layers whose results a Concat joins", () => {
  it.each<[string, readonly NodeProto[]]>([
    ["as they are", [pool("p", "a"), pool("q", "b")]],
    ["after a Relu each", [node("Relu", ["p"], "a"), node("Relu", ["q"], "b")]],
    ["of which one has a Relu", [node("Relu", ["p"], "a"), pool("q", "b")]],
    ["clamped alike", [clip("p", "six", "a"), clip("q", "six", "b")]],
    ["clamped otherwise", [clip("p", "half", "a"), clip("q", "six", "b")]],
  ])("have integer kernels, and are no further off than with scales of their own: %s", async (_, made) => {
    const shared = await tryOut(model(made), { elementwise: "auto" });
    const apart = await tryOut(model(made), { elementwise: "join" });
    expect(shared.plan.groups.length).toBeLessThan(apart.plan.groups.length);
    const kernels = (await optimizedOperators(shared.model)).filter((operator) =>
      /Conv|Concat|Relu|Clip/.test(operator),
    );
    expect(kernels.sort()).toEqual(["QLinearConcat", "QLinearConv", "QLinearConv", "QLinearConv"]);
    expect(leastSqnr(shared)).toBeGreaterThan(leastSqnr(apart) - 0.1);
  });
});
